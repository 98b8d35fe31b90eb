package dism

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// AddPackageInput is the input of `dism.add_package`.
type AddPackageInput struct {
	Path schema.TargetPath `json:"path" jsonschema_description:"The package: a .cab, or an .msu where this Windows takes one"`
}

// AddPackageOutput is the output of `dism.add_package`.
type AddPackageOutput struct {
	Name  string `json:"name" jsonschema_description:"Identity of the package, which dism.remove_package takes"`
	State string `json:"state" jsonschema:"enum=installed,enum=install_pending,enum=superseded,enum=not_applicable" jsonschema_description:"State after it; install_pending needs a restart"`
}

func addPackageAction() sdk.Action {
	return sdk.DeclareAction[AddPackageInput, AddPackageOutput](sdk.ActionManifest{
		Name:    "add_package",
		Summary: "Install a package into Windows",
		Doc: `As dism /online /add-package. It is never cut off: servicing that is torn apart can leave a Windows that does not start. A package
that is installed already changes nothing. The exit code 3010 is success, with a restart to come.

Undo removes the package again if it was not there before. A servicing stack cannot be removed; undo says so.`,
		Needs:  needs(),
		Effect: sdk.Reversible, Risk: sdk.RiskHigh,
		Typical: schema.Span(10 * time.Minute),
	})
}

// RemovePackageInput is the input of `dism.remove_package`.
type RemovePackageInput struct {
	Name string `json:"name" jsonschema_description:"Identity of the package, as dism.packages gives it; no wildcards"`
}

// RemovePackageOutput is the output of `dism.remove_package`.
type RemovePackageOutput struct {
	Name  string `json:"name" jsonschema_description:"Identity of the package"`
	State string `json:"state" jsonschema:"enum=not_present,enum=staged,enum=uninstall_pending" jsonschema_description:"State after it; uninstall_pending needs a restart"`
}

func removePackageAction() sdk.Action {
	return sdk.DeclareAction[RemovePackageInput, RemovePackageOutput](sdk.ActionManifest{
		Name:    "remove_package",
		Summary: "Remove a package from Windows",
		Doc: `As dism /online /remove-package. It is never cut off. Nothing brings the package back but its file, with dism.add_package;
permanent packages and servicing stacks are refused.`,
		Needs:  needs(),
		Effect: sdk.Irreversible, Risk: sdk.RiskHigh,
		Typical: schema.Span(10 * time.Minute),
	})
}

// RestoreHealthInput is the input of `dism.restore_health`.
type RestoreHealthInput struct {
	Source      string `json:"source,omitempty" jsonschema_description:"Where sound files come from: a folder or share with a Windows folder or a side-by-side folder, or an image such as wim:D:\\sources\\install.wim:1. If not given, Windows Update"`
	LimitAccess bool   `json:"limit_access,omitempty" jsonschema:"default=false" jsonschema_description:"Do not ask Windows Update or WSUS for what the source does not have"`
}

// RestoreHealthOutput is the output of `dism.restore_health`.
type RestoreHealthOutput struct {
	State string `json:"state" jsonschema:"enum=healthy,enum=repairable,enum=not_repairable" jsonschema_description:"State of the component store after it"`
}

func restoreHealthAction() sdk.Action {
	return sdk.DeclareAction[RestoreHealthInput, RestoreHealthOutput](sdk.ActionManifest{
		Name:    "restore_health",
		Summary: "Repair the component store",
		Doc: `As dism /online /cleanup-image /restorehealth: damaged files are replaced by sound ones, which nothing takes back. It is never cut
off. Without a source it needs a Windows Update that works; a machine that gets its updates from WSUS usually needs a source.`,
		Needs:  needs(),
		Effect: sdk.Irreversible, Risk: sdk.RiskMedium,
		Typical: schema.Span(30 * time.Minute),
	})
}
