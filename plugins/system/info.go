package system

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/zone"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// InfoInput is the input of `system.info`.
type InfoInput struct{}

// InfoOutput is the output of `system.info`. A field that could not be read is left out, with the reason.
type InfoOutput struct {
	Computer    string     `json:"computer,omitempty" jsonschema_description:"Name of the computer"`
	Product     string     `json:"product,omitempty" jsonschema_description:"Name of the product: Windows 10 Pro. Windows 11 is named as such, although its registry says Windows 10"`
	Edition     string     `json:"edition,omitempty" jsonschema_description:"Edition of Windows: Professional, ServerStandard"`
	Version     string     `json:"version,omitempty" jsonschema_description:"Version of Windows with build and revision: 10.0.19045.3570"`
	Build       *int64     `json:"build,omitempty" jsonschema_description:"Build of Windows: 19045"`
	UBR         *int64     `json:"ubr,omitempty" jsonschema_description:"Update build revision: 3570"`
	Release     string     `json:"release,omitempty" jsonschema_description:"Name of the feature update: 22H2; Windows 10 and later"`
	Arch        string     `json:"arch,omitempty" jsonschema:"enum=x64,enum=x86,enum=arm64" jsonschema_description:"Processor, as the names of update packages have it"`
	InstallType string     `json:"install_type,omitempty" jsonschema:"enum=client,enum=server,enum=server_core,enum=nano_server,enum=winpe,enum=other" jsonschema_description:"Which sort of Windows"`
	Installed   *time.Time `json:"installed,omitempty" jsonschema_description:"When this Windows was installed, or last upgraded"`
	TimeZone    string     `json:"time_zone,omitempty" jsonschema_description:"Time zone that the machine is set to: W. Europe Standard Time"`

	Evidence []sdk.Evidence `json:"-"`
}

func infoProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "info",
		Summary: "Which Windows this is",
		Doc: `Reads HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion and HKLM\SYSTEM; a running Windows tells its version and time zone also where its registry does not. What is not there, or what a hive that is missing or ` +
			`damaged would tell, is left out, with the reason; the rest stays known.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"computer":"PC","product":"Windows 10 Pro","edition":"Professional","version":"10.0.19045.3570","build":19045,"ubr":3570,` +
			`"release":"22H2","arch":"x64","install_type":"client","installed":"2023-01-01T00:00:00Z","time_zone":"UTC"}`),
	}, func(_ context.Context, call *sdk.Call, _ InfoInput) (sdk.Reading[InfoOutput], error) {
		r, err := registry.Open(call.Target)
		if err != nil {
			return sdk.Reading[InfoOutput]{}, registry.Explain(err)
		}
		defer r.Close()
		if call.Target.Kind() == target.Offline {
			return info(r, nil)
		}
		k, err := thisKernel()
		if err != nil {
			return sdk.Reading[InfoOutput]{}, registry.Explain(err)
		}
		z, _ := zone.Of(call.Target) // where it does not tell, the registry may, or says why not
		return info(r, &self{k, z})
	})
}

const (
	versionKey  = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	nameKey     = `HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName`
	environment = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
)

// info reads the registry of a disk, or of a running Windows, which fills in itself what is missing there.
func info(r *registry.Registry, running *self) (sdk.Reading[InfoOutput], error) {
	reading := sdk.Reading[InfoOutput]{Missing: map[string]string{}}
	version, versionErr := r.Key(versionKey)
	if versionErr == nil {
		reading.Value.version(version, reading.Missing)
	} else {
		for _, field := range []string{"product", "edition", "version", "build", "ubr", "release", "install_type", "installed"} {
			reading.Missing["/"+field] = versionErr.Error()
		}
	}
	_, systemErr := r.Info("SYSTEM")
	if versionErr != nil && systemErr != nil {
		return sdk.Reading[InfoOutput]{}, registry.Explain(versionErr)
	}
	reading.Value.system(r, reading.Missing)
	if running != nil {
		reading.Value.running(*running, reading.Missing)
	}
	if len(reading.Missing) == 0 {
		reading.Missing = nil
	}
	return reading, nil
}

// version fills in what the key CurrentVersion tells.
func (o *InfoOutput) version(k *registry.Key, missing map[string]string) {
	text := func(to *string, pointer, value string) {
		s, err := k.Text(value)
		if err != nil {
			missing[pointer] = err.Error()
			return
		}
		*to = s
		o.Evidence = append(o.Evidence, at(pointer, k.Evidence(value)))
	}
	text(&o.Edition, "/edition", "EditionID")
	o.revision(k, missing)
	o.installType(k, missing)
	text(&o.Product, "/product", "ProductName")
	if o.InstallType == "client" && o.Build != nil && *o.Build >= 22000 {
		o.Product = strings.Replace(o.Product, "Windows 10", "Windows 11", 1)
	}
	value := "DisplayVersion"
	if _, err := k.Text(value); err != nil {
		value = "ReleaseId" // before 20H2
	}
	text(&o.Release, "/release", value)
	if seconds, err := k.Number("InstallDate"); err != nil {
		missing["/installed"] = err.Error()
	} else {
		installed := time.Unix(int64(uint32(seconds)), 0).UTC()
		o.Installed = &installed
		o.Evidence = append(o.Evidence, at("/installed", k.Evidence("InstallDate")))
	}
}

// revision fills in the version numbers. Windows before 10 has no revision of its build here.
func (o *InfoOutput) revision(k *registry.Key, missing map[string]string) {
	text, err := k.Text("CurrentBuildNumber")
	if err != nil {
		text, err = k.Text("CurrentBuild")
	}
	build, bad := strconv.ParseInt(text, 10, 32)
	if err == nil && bad != nil {
		err = fmt.Errorf("%s → CurrentBuildNumber is %q, expected a number", k.Path(), text)
	}
	if err != nil {
		missing["/build"], missing["/version"], missing["/ubr"] = err.Error(), err.Error(), err.Error()
		return
	}
	o.Build = &build
	o.Evidence = append(o.Evidence, at("/build", k.Evidence("CurrentBuildNumber")))
	major, err := k.Number("CurrentMajorVersionNumber")
	minor, minorErr := k.Number("CurrentMinorVersionNumber")
	switch {
	case err == nil && minorErr == nil:
		o.Version = fmt.Sprintf("%d.%d.%d", major, minor, build)
	default:
		old, err := k.Text("CurrentVersion") // "6.1"; 10 and 11 still say "6.3"
		if err != nil {
			missing["/version"] = err.Error()
			break
		}
		o.Version = old + "." + text
	}
	ubr, err := k.Number("UBR")
	if err != nil {
		missing["/ubr"] = err.Error()
		return
	}
	revision := int64(ubr)
	o.UBR = &revision
	o.Evidence = append(o.Evidence, at("/ubr", k.Evidence("UBR")))
	if o.Version != "" {
		o.Version += fmt.Sprintf(".%d", revision)
	}
}

func (o *InfoOutput) installType(k *registry.Key, missing map[string]string) {
	sort, err := k.Text("InstallationType")
	if err != nil {
		missing["/install_type"] = err.Error()
		return
	}
	o.InstallType = map[string]string{
		"client": "client", "server": "server", "server core": "server_core", "nano server": "nano_server", "windowspe": "winpe",
	}[strings.ToLower(sort)]
	if o.InstallType == "" {
		o.InstallType = "other"
	}
	o.Evidence = append(o.Evidence, at("/install_type", k.Evidence("InstallationType")))
}

// system fills in what the SYSTEM hive tells.
func (o *InfoOutput) system(r *registry.Registry, missing map[string]string) {
	value := func(path, name, pointer string) string {
		k, err := r.Key(path)
		s := ""
		if err == nil {
			s, err = k.Text(name)
		}
		if err != nil {
			missing[pointer] = err.Error()
			return ""
		}
		o.Evidence = append(o.Evidence, at(pointer, k.Evidence(name)))
		return s
	}
	o.Computer = value(nameKey, "ComputerName", "/computer")
	switch processor := value(environment, "PROCESSOR_ARCHITECTURE", "/arch"); strings.ToUpper(processor) {
	case "AMD64":
		o.Arch = "x64"
	case "X86":
		o.Arch = "x86"
	case "ARM64":
		o.Arch = "arm64"
	case "":
	default:
		missing["/arch"] = fmt.Sprintf("PROCESSOR_ARCHITECTURE is %q; known are AMD64, x86, ARM64", processor)
	}
	z, evidence, err := zone.Read(r)
	if err != nil {
		missing["/time_zone"] = err.Error()
		return
	}
	o.TimeZone = z.Name
	o.Evidence = append(o.Evidence, at("/time_zone", evidence))
}

// at points evidence at a field of the answer.
func at(pointer string, e sdk.Evidence) sdk.Evidence {
	e.Pointer = pointer
	return e
}
