package target

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
)

const systemDrive = "C:"

// offlineVariables are the environment variables that paths of Windows use, as they are on a disk that is not running:
// the folder that holds Windows is the system drive, whatever letter it had.
func offlineVariables() map[string]string {
	return map[string]string{
		"systemdrive":        systemDrive,
		"systemroot":         systemDrive + `\Windows`,
		"windir":             systemDrive + `\Windows`,
		"programdata":        systemDrive + `\ProgramData`,
		"allusersprofile":    systemDrive + `\ProgramData`,
		"programfiles":       systemDrive + `\Program Files`,
		"programfiles(x86)":  systemDrive + `\Program Files (x86)`,
		"commonprogramfiles": systemDrive + `\Program Files\Common Files`,
		"public":             systemDrive + `\Users\Public`,
		"temp":               systemDrive + `\Windows\Temp`,
		"tmp":                systemDrive + `\Windows\Temp`,
	}
}

// liveVariables are those of this process; the path of a playbook may use any of them. The few that every path rests on
// are there even when the process was started without an environment.
func liveVariables(environ []string) map[string]string {
	vars := map[string]string{}
	for _, kv := range environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			vars[strings.ToLower(name)] = value
		}
	}
	if vars["systemdrive"] == "" {
		vars["systemdrive"] = systemDrive
	}
	for _, name := range []string{"systemroot", "windir"} {
		if vars[name] == "" {
			vars[name] = vars["systemdrive"] + `\Windows`
		}
	}
	return vars
}

// maxPath is the longest path that Windows knows, in characters.
const maxPath = 32767

// variable is a name between percent signs. Names of variables begin with a letter, so that the percent signs in the
// names of event logs ("Microsoft-Windows-TaskScheduler%4Operational.evtx") stand for themselves.
var variable = regexp.MustCompile(`%([A-Za-z_][A-Za-z0-9_()]*)%`)

// Expand replaces the %variables% of a path. An unknown variable is an error that names it; a percent sign that begins
// no variable stands for itself.
func (t *Target) Expand(path string) (string, error) {
	var unknown string
	expanded := variable.ReplaceAllStringFunc(path, func(v string) string {
		value, known := t.vars[strings.ToLower(strings.Trim(v, "%"))]
		if !known && unknown == "" {
			unknown = v
		}
		return value
	})
	if unknown != "" {
		return "", fmt.Errorf("%q: the variable %s is not known on this target", path, unknown)
	}
	return expanded, nil
}

// split takes a Windows path apart, its variables expanded if expand says so. The drive is the first part on a live
// machine, and is left out for an offline disk.
func (t *Target) split(path string, expand bool) ([]string, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("%q…: a path has at most %d characters, this one has %d", path[:40], maxPath, len(path))
	}
	if t.tree == nil {
		return nil, fmt.Errorf("%q: %w", path, ErrNotWindows)
	}
	rest := path
	if expand {
		var err error
		if rest, err = t.Expand(path); err != nil {
			return nil, err
		}
	}
	if strings.ContainsRune(rest, 0) {
		return nil, fmt.Errorf("%q: a path cannot hold a NUL character", path)
	}
	drive, rest, err := t.cutRoot(path, strings.ReplaceAll(rest, "/", `\`))
	if err != nil {
		return nil, err
	}
	var parts []string
	if t.spec.Kind == Live {
		parts = append(parts, drive)
	}
	for p := range strings.SplitSeq(rest, `\`) {
		switch {
		case p == "" || p == ".":
		case p == "..":
			return nil, fmt.Errorf("%q: %w (\"..\" is not allowed)", path, ErrOutside)
		case strings.Contains(p, ":"):
			return nil, fmt.Errorf("%q: %q is no file name: a colon stands only behind a drive letter", path, p)
		case t.windowsReads() && isDevice(p):
			return nil, fmt.Errorf("%q: %q is a device in Windows, not a file", path, p)
		case t.windowsReads() && !hasWildcard(p) && isCut(p):
			return nil, fmt.Errorf("%q: %q is no file name: Windows takes a dot or a blank off its end, and finds another file", path, p)
		default:
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// cutRoot takes off what stands in front of the first folder: the prefixes of the object manager (\\?\, \??\,
// \SystemRoot) and the drive, which is the system drive where none is named. The path as written is for messages.
func (t *Target) cutRoot(written, path string) (drive, rest string, err error) {
	rest, prefixed := path, false
	for _, prefix := range []string{`\\?\`, `\??\`} {
		if r, ok := strings.CutPrefix(rest, prefix); ok {
			rest, prefixed = r, true
			break
		}
	}
	if strings.HasPrefix(rest, `\\`) {
		return "", "", fmt.Errorf("%q: a network or device path is not on the disk: %w", written, ErrOtherDrive)
	}
	const systemRoot = `\systemroot`
	if len(rest) >= len(systemRoot) && strings.EqualFold(rest[:len(systemRoot)], systemRoot) &&
		(len(rest) == len(systemRoot) || rest[len(systemRoot)] == '\\') {
		rest = t.vars["systemroot"] + rest[len(systemRoot):]
	}
	drive, tail, named := cutDrive(rest)
	switch {
	case !named && prefixed:
		return "", "", fmt.Errorf("%q: %w: a drive letter is expected behind the prefix", written, ErrOtherDrive)
	case !named:
		return t.vars["systemdrive"], rest, nil
	case t.spec.Kind == Offline && drive != systemDrive:
		return "", "", fmt.Errorf("%q: %w (%s)", written, ErrOtherDrive, systemDrive)
	case tail != "" && tail[0] != '\\':
		return "", "", fmt.Errorf("%q: a backslash is expected behind the drive letter", written)
	}
	return drive, tail, nil
}

// windowsReads says whether it is Windows that looks names up: then a few are not what they seem.
func (t *Target) windowsReads() bool { return t.spec.Kind == Live || runtime.GOOS == "windows" }

// isCut knows the names of which Windows takes something off before it looks them up, in most ways to ask. There can be such
// files, made by other systems or around this rule.
func isCut(name string) bool { return strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") }

// isDevice knows the names that Windows opens as devices in every folder, whatever their extension.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, com := strings.CutPrefix(base, "COM")
	if !com {
		var lpt bool
		if number, lpt = strings.CutPrefix(base, "LPT"); !lpt {
			return false
		}
	}
	return len([]rune(number)) == 1 && strings.Contains("0123456789¹²³", number)
}

func cutDrive(path string) (drive, rest string, ok bool) {
	if len(path) < 2 || path[1] != ':' {
		return "", path, false
	}
	c := path[0] | 0x20
	return strings.ToUpper(path[:2]), path[2:], c >= 'a' && c <= 'z'
}

// windows spells a name of the tree as Windows does.
func (t *Target) windows(name string) string {
	path := strings.ReplaceAll(name, "/", `\`)
	if name == "." {
		path = ""
	}
	if t.spec.Kind == Offline {
		return systemDrive + `\` + path
	}
	if len(path) == len(systemDrive) {
		path += `\`
	}
	return path
}
