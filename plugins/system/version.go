package system

import (
	"context"
	"fmt"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
)

// kernel is the version that runs, whatever the registry says.
type kernel struct{ major, minor, build uint32 }

// self is what a running Windows tells of itself beside its registry.
type self struct {
	kernel kernel
	zone   *winzone.Zone // nil: it does not tell
}

func (k kernel) String() string { return fmt.Sprintf("%d.%d.%d", k.major, k.minor, k.build) }

// running fills in what the registry does not tell of a Windows that runs.
func (o *InfoOutput) running(s self, missing map[string]string) {
	k, build := s.kernel, int64(s.kernel.build)
	evidence := sdk.Evidence{Text: "RtlGetVersion tells " + k.String()}
	if o.Build == nil {
		o.Build = &build
		o.Evidence = append(o.Evidence, at("/build", evidence))
		delete(missing, "/build")
	}
	if o.Version == "" {
		o.Version = k.String()
		o.Evidence = append(o.Evidence, at("/version", evidence))
		delete(missing, "/version")
	}
	if o.TimeZone == "" && s.zone != nil {
		o.TimeZone = s.zone.Name
		o.Evidence = append(o.Evidence, at("/time_zone", sdk.Evidence{Text: "GetDynamicTimeZoneInformation tells " + s.zone.Name}))
		delete(missing, "/time_zone")
	}
}

// VersionSuite is the checks of what a running Windows tells of its version. They change nothing. The error says that this
// is no Windows.
func VersionSuite() (conformance.Suite, error) {
	k, err := thisKernel()
	if err != nil {
		return conformance.Suite{}, err
	}
	machine, err := registry.Live()
	if err != nil {
		return conformance.Suite{}, err
	}
	return versionSuite(machine, k), nil
}

func versionSuite(r registry.Reader, k kernel) conformance.Suite {
	return conformance.Suite{Name: "version", Checks: []conformance.Check{{
		Name: "the registry has the build that runs", API: []string{"ntdll!RtlGetVersion", "advapi32!RegQueryValueExW"}, Serves: []string{"system.info"},
		Run: func(context.Context) error {
			reading, err := info(registry.Of(r), nil)
			switch {
			case err != nil:
				return conformance.Differs("%v", err)
			case reading.Value.Build == nil:
				return conformance.Missing("%s", reading.Missing["/build"])
			case *reading.Value.Build != int64(k.build):
				return conformance.Differs("the registry has the build %d, and %s runs", *reading.Value.Build, k)
			}
			return nil
		},
	}, {
		Name: "the registry has the revision of the build", API: []string{"advapi32!RegQueryValueExW"}, Serves: []string{"system.info"},
		Run: func(context.Context) error {
			reading, err := info(registry.Of(r), nil)
			switch {
			case err != nil:
				return conformance.Differs("%v", err)
			case reading.Value.UBR == nil:
				return conformance.Missing("%s", reading.Missing["/ubr"])
			}
			return nil
		},
	}}}
}
