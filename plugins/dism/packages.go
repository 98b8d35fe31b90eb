package dism

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// PackagesInput is the input of `dism.packages`.
type PackagesInput struct {
	Name  string `json:"name,omitempty" jsonschema:"default=*" jsonschema_description:"Which packages: their name, * stands for any characters: *KB5000802*"`
	State string `json:"state,omitempty" jsonschema:"enum=not_present,enum=staged,enum=resolved,enum=install_pending,enum=installed,enum=partially_installed,enum=uninstall_pending,enum=superseded" jsonschema_description:"Only packages in this state; any if not given"`
}

// PackagesOutput is the output of `dism.packages`.
type PackagesOutput struct {
	Count    int       `json:"count" jsonschema_extras:"x-counts=packages" jsonschema_description:"How many packages there are"`
	Packages []Package `json:"packages" jsonschema_description:"The packages, by name; at most 1,000"`
	Cut      bool      `json:"cut" jsonschema_description:"There are more packages than are listed"`
}

// Package is one package of the component store.
type Package struct {
	Name        string     `json:"name" jsonschema_description:"Identity: Package_for_KB5000802~31bf3856ad364e35~amd64~~19041.867.1.8"`
	KB          string     `json:"kb,omitempty" jsonschema_description:"KB5000802; absent where the name has none, as with cumulative updates (Package_for_RollupFix)"`
	State       string     `json:"state" jsonschema:"enum=not_present,enum=staged,enum=resolved,enum=install_pending,enum=installed,enum=partially_installed,enum=uninstall_pending,enum=superseded" jsonschema_description:"State; install_pending and uninstall_pending wait for a restart"`
	ReleaseType string     `json:"release_type" jsonschema:"enum=critical_update,enum=driver,enum=feature_pack,enum=hotfix,enum=security_update,enum=software_update,enum=update,enum=update_rollup,enum=language_pack,enum=foundation,enum=service_pack,enum=product,enum=local_pack,enum=on_demand_pack,enum=other" jsonschema_description:"What sort of package it is"`
	Installed   *time.Time `json:"installed,omitempty" jsonschema_description:"When it was installed; absent where it is not"`

	Evidence sdk.Evidence `json:"-"`
}

// mostPackages bounds the list; a Windows with many languages has some hundred.
const mostPackages = 1000

func (m machine) packagesProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "packages",
		Summary: "Which packages the component store has, and their state",
		Doc: `As dism /get-packages. A package that a newer one replaced is superseded, and no sign of a failure: ask update.installed
whether an update, or one that replaces it, is there. Times of installation are printed in the region's order of day and month; where that
order cannot be told from any of them they are left out.`,
		Targets: targets(),
		Needs:   needs(),
		Healthy: json.RawMessage(`{"count":0,"packages":[],"cut":false}`),
	}, m.packages)
}

func (m machine) packages(ctx context.Context, call *sdk.Call, in PackagesInput) (sdk.Reading[PackagesOutput], error) {
	reading := sdk.Reading[PackagesOutput]{Value: PackagesOutput{Packages: []Package{}}}
	if err := m.serves(call); err != nil {
		return reading, err
	}
	all, err := m.store.Packages(ctx)
	if err != nil {
		return reading, explain(err)
	}
	slices.SortFunc(all, func(a, b servicing.Package) int { return cmp.Compare(a.Identity, b.Identity) })
	out := &reading.Value
	for _, p := range all {
		if !target.Match(cmp.Or(in.Name, "*"), p.Identity) || in.State != "" && string(p.State) != in.State {
			continue
		}
		out.Count++
		if len(out.Packages) == mostPackages {
			out.Cut = true
			continue
		}
		if p.Stamp != "" && p.Installed.IsZero() {
			if reading.Missing == nil {
				reading.Missing = map[string]string{}
			}
			reading.Missing[fmt.Sprintf("/packages/%d/installed", len(out.Packages))] = fmt.Sprintf("it cannot be told which part of %q is the day", p.Stamp)
		}
		out.Packages = append(out.Packages, shown(p))
	}
	return reading, nil
}

func shown(p servicing.Package) Package {
	out := Package{Name: p.Identity, KB: servicing.KB(p.Identity), State: string(p.State), ReleaseType: p.ReleaseType}
	if !p.Installed.IsZero() {
		out.Installed = &p.Installed
	}
	out.Evidence = sdk.Evidence{Time: p.Installed, Text: fmt.Sprintf("dism /get-packages: %s: %s", p.Identity, p.State)}
	return out
}
