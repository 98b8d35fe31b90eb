package update

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// packageState is CurrentState of a package in the store of Component Based Servicing.
type packageState uint64

// The states, as DISM names them.
const (
	stateAbsent         packageState = 0x00
	stateStaged         packageState = 0x40
	stateSuperseded     packageState = 0x50
	stateInstallPending packageState = 0x60
	stateInstalled      packageState = 0x70
	statePermanent      packageState = 0x80
)

func (s packageState) String() string {
	switch s {
	case stateAbsent:
		return "absent"
	case 0x05:
		return "uninstall pending"
	case 0x10, 0x20:
		return "resolved"
	case 0x30:
		return "staging"
	case stateStaged:
		return "staged"
	case stateSuperseded:
		return "superseded"
	case stateInstallPending:
		return "install pending"
	case 0x65:
		return "partially installed"
	case stateInstalled:
		return "installed"
	case statePermanent:
		return "permanently installed"
	}
	return fmt.Sprintf("in the state 0x%x", uint64(s))
}

func (s packageState) installed() bool {
	return s == stateInstalled || s == statePermanent || s == stateSuperseded
}

func (s packageState) how() string {
	if s == stateSuperseded {
		return "superseded"
	}
	return "exact"
}

// store is what servicing has: its packages by KB, and the build of the system.
type store struct {
	stale         string // why the hive may lack what was changed last; empty where it is whole
	packages      map[string][]installedPackage
	build         build
	buildEvidence sdk.Evidence
}

// installedPackage is a package of a KB.
type installedPackage struct {
	name     string
	state    packageState
	evidence sdk.Evidence
}

// build is a build of Windows with its revision: 22621.2792.
type build struct{ number, revision uint64 }

const (
	packagesKey = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages`
	versionKey  = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	// maxPackages bounds how many packages are looked at; Windows has a few thousand.
	maxPackages = 50_000
)

func (s *store) read(t *target.Target) error {
	r, err := registry.Open(t)
	if err != nil {
		return err
	}
	defer r.Close()
	k, err := r.Key(packagesKey)
	if err != nil {
		return err
	}
	names, err := k.Subkeys()
	if err != nil {
		return err
	}
	if len(names) > maxPackages {
		return fmt.Errorf("%s has %d packages, expected at most %d", k.Path(), len(names), maxPackages)
	}
	s.stale = k.Dirty()
	s.packages = map[string][]installedPackage{}
	for _, name := range names {
		kb := kbOf(strings.ReplaceAll(name, "_", " ")) // Package_1_for_KB5034441~31bf3856ad364e35~amd64~~10.0.1.2
		cumulative := strings.HasPrefix(name, "Package_for_RollupFix")
		if kb == "" && !cumulative {
			continue
		}
		p, err := k.Open(name)
		if err != nil {
			return err
		}
		if cumulative { // its file may still have been named by the KB
			location, err := p.Text("InstallLocation")
			if err != nil && !registry.Absent(err) {
				return err
			}
			if kb = kbOf(location); kb == "" {
				continue
			}
		}
		state, err := p.Number("CurrentState")
		if registry.Absent(err) {
			continue
		}
		if err != nil {
			return err
		}
		s.packages[kb] = append(s.packages[kb], installedPackage{name, packageState(state), p.Evidence("CurrentState")})
	}
	s.readBuild(r)
	return nil
}

// readBuild reads the build; without it nothing is concluded from builds.
func (s *store) readBuild(r *registry.Registry) {
	k, err := r.Key(versionKey)
	if err != nil {
		return
	}
	text, err := k.Text("CurrentBuildNumber")
	if err != nil {
		return
	}
	number, err := strconv.ParseUint(text, 10, 32)
	revision, missing := k.Number("UBR")
	if err != nil || missing != nil {
		return
	}
	s.build, s.buildEvidence = build{number, revision}, k.Evidence("UBR")
}

// best is the package of a KB that is furthest: a KB has several, of which one that is installed decides.
func (s *store) best(kb string) (installedPackage, bool) {
	var best installedPackage
	list := s.packages[kb]
	for i, p := range list {
		if i == 0 || p.state.installed() && !best.state.installed() || p.state.installed() == best.state.installed() && p.state > best.state {
			best = p
		}
	}
	return best, len(list) > 0
}

// reached says whether the system has a build, or a later revision of it.
func (s *store) reached(b build) bool {
	return s.build.number == b.number && s.build.revision >= b.revision
}

var buildNumber = regexp.MustCompile(`\((?:10\.0\.)?(\d{5})\.(\d{1,6})\)`)

// buildOf finds the build in the title of a cumulative update: "… (KB5032288) (22621.2792)".
func buildOf(title string) (build, bool) {
	m := buildNumber.FindStringSubmatch(title)
	if m == nil {
		return build{}, false
	}
	number, err := strconv.ParseUint(m[1], 10, 32)
	revision, bad := strconv.ParseUint(m[2], 10, 32)
	return build{number, revision}, err == nil && bad == nil
}
