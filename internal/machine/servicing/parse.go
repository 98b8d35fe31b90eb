package servicing

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// FormatError is an answer of DISM in a shape that is not known.
type FormatError struct {
	What   string // "the list of packages"
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("dism gave %s in a form that is not known: %s", e.What, e.Reason)
}

// banner begins each answer of DISM, "Version:" and the versions follow it.
const banner = "Deployment Image Servicing and Management tool"

const succeeded = "The operation completed successfully."

// field is a line "Package Identity : Package_for_…". The value may be empty.
var field = regexp.MustCompile(`^([A-Z][A-Za-z ]*?) : ?(.*)$`)

// parsePackages reads `dism /get-packages /format:list`.
func parsePackages(text string, zone *time.Location) ([]Package, error) {
	const what = "the list of packages"
	if !strings.Contains(text, "\n"+succeeded) {
		return nil, &FormatError{what, "it does not end in " + strconv.Quote(succeeded)}
	}
	if !strings.Contains(text, "\nPackages listing:") {
		return nil, &FormatError{what, `it has no line "Packages listing:"`}
	}
	var blocks []map[string]string
	for line := range strings.Lines(text) {
		m := field.FindStringSubmatch(strings.TrimRight(line, " \r\n"))
		if m == nil {
			continue
		}
		if m[1] == "Package Identity" {
			blocks = append(blocks, map[string]string{})
		}
		if len(blocks) > 0 {
			blocks[len(blocks)-1][m[1]] = strings.TrimSpace(m[2])
		}
	}
	return packagesOf(what, blocks, zone)
}

// parsePackage reads `dism /get-packageinfo`.
func parsePackage(text string, zone *time.Location) (Package, error) {
	const what = "the information on a package"
	if !strings.Contains(text, "\nPackage information:") {
		return Package{}, &FormatError{what, `it has no line "Package information:"`}
	}
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		m := field.FindStringSubmatch(strings.TrimRight(line, " \r\n"))
		if m == nil {
			continue
		}
		if _, seen := fields[m[1]]; !seen { // custom properties and features follow behind
			fields[m[1]] = strings.TrimSpace(m[2])
		}
	}
	all, err := packagesOf(what, []map[string]string{fields}, zone)
	if err != nil {
		return Package{}, err
	}
	return all[0], nil
}

func packagesOf(what string, blocks []map[string]string, zone *time.Location) ([]Package, error) {
	packages := make([]Package, 0, len(blocks))
	var stamps []string
	for _, b := range blocks {
		for _, name := range []string{"Package Identity", "State", "Release Type"} {
			if b[name] == "" {
				return nil, &FormatError{what, fmt.Sprintf("the package %q has no %q", b["Package Identity"], name)}
			}
		}
		state, ok := states[strings.ToLower(b["State"])]
		if !ok {
			return nil, &FormatError{what, fmt.Sprintf("the package %q has the unknown state %q", b["Package Identity"], b["State"])}
		}
		release, ok := releases[strings.ToLower(b["Release Type"])]
		if !ok {
			release = "other"
		}
		packages = append(packages, Package{Identity: b["Package Identity"], State: state, ReleaseType: release, Stamp: b["Install Time"]})
		stamps = append(stamps, b["Install Time"])
	}
	order := orderOf(stamps)
	for i := range packages {
		packages[i].Installed = order.time(packages[i].Stamp, zone)
	}
	return packages, nil
}

// states are DISM's words (DismPackageFeatureState).
var states = map[string]State{
	"not present": NotPresent, "staged": Staged, "removed": Resolved, "resolved": Resolved, "install pending": InstallPending,
	"installed": Installed, "partially installed": PartiallyInstalled, "uninstall pending": UninstallPending, "superseded": Superseded,
}

// releases are DISM's words (DismReleaseType).
var releases = map[string]string{
	"critical update": "critical_update", "driver": "driver", "feature pack": "feature_pack", "hotfix": "hotfix", "security update": "security_update",
	"software update": "software_update", "update": "update", "update rollup": "update_rollup", "language pack": "language_pack",
	"foundation": "foundation", "service pack": "service_pack", "product": "product", "local pack": "local_pack", "localpack": "local_pack",
	"ondemand pack": "on_demand_pack", "on demand pack": "on_demand_pack",
}

// parseHealth reads `dism /cleanup-image /checkhealth` and /scanhealth.
func parseHealth(text string) (Health, error) {
	found := map[Health]bool{}
	for line := range strings.Lines(text) {
		switch strings.TrimSpace(line) {
		case "No component store corruption detected.":
			found[Healthy] = true
		case "The component store is repairable.":
			found[Repairable] = true
		case "The component store cannot be repaired.", "The component store is not repairable.":
			found[NotRepairable] = true
		}
	}
	if len(found) != 1 {
		return "", &FormatError{"the state of the component store", fmt.Sprintf("%d of its sentences are known, expected one", len(found))}
	}
	for h := range found {
		return h, nil
	}
	return "", nil
}

// percent is DISM's bar: "[=========                  20.0%                          ]".
var percent = regexp.MustCompile(`\[[= ]*([0-9]{1,3})(?:[.,]([0-9]))?%[= ]*\]`)

// Progress finds the last state of DISM's bar in what it has written so far, in per mille.
func Progress(text string) (perMille int64, ok bool) {
	all := percent.FindAllStringSubmatch(text, -1)
	for i := len(all) - 1; i >= 0; i-- {
		n, err := strconv.ParseInt(all[i][1]+(all[i][2] + "0")[:1], 10, 64)
		if err == nil && n <= 1000 {
			return n, true
		}
	}
	return 0, false
}
