package registry

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Bounds that Windows has for a path, in UTF-16 units of a key's name and keys of a path.
const (
	maxKeyName = 255
	maxDepth   = 512
)

// parts is a path taken apart.
type parts struct {
	hive string // SOFTWARE; the user's identity below HKU
	top  string // HKLM\SOFTWARE
	rest string // what is below it
}

// place takes a path apart. The error is a [*PathError].
func place(path string) (parts, error) {
	path = strings.Trim(path, `\`)
	names := strings.Split(path, `\`)
	if len(names) > maxDepth {
		return parts{}, &PathError{path, fmt.Sprintf("%d keys deep; expected at most %d", len(names), maxDepth)}
	}
	root := ""
	switch strings.ToUpper(names[0]) {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		root = "HKLM"
	case "HKU", "HKEY_USERS":
		root = "HKU"
	default:
		return parts{}, &PathError{path, `expected a path that begins with HKLM\ or HKU\.DEFAULT`}
	}
	if len(names) == 1 {
		return parts{}, &PathError{path, `expected the name of a hive behind it, as in HKLM\SOFTWARE`}
	}
	for _, name := range names[1:] {
		switch {
		case name == "":
			return parts{}, &PathError{path, "two backslashes in a row: expected a name between them"}
		case strings.ContainsRune(name, 0):
			return parts{}, &PathError{path, "a NUL in a name"}
		case len(name) > maxKeyName && len(utf16.Encode([]rune(name))) > maxKeyName:
			return parts{}, &PathError{path, fmt.Sprintf("the name of a key is longer than %d characters", maxKeyName)}
		}
	}
	hive := strings.ToUpper(names[1])
	if root == "HKU" && hive == "S-1-5-18" {
		hive = ".DEFAULT"
	}
	return parts{hive, root + `\` + hive, strings.Join(names[2:], `\`)}, nil
}

// machineHives are the hives of HKEY_LOCAL_MACHINE that are files.
var machineHives = []string{"COMPONENTS", "DRIVERS", "SAM", "SECURITY", "SOFTWARE", "SYSTEM"}

// file is the name of the hive's file on a disk. The error is a [*PathError].
func (p parts) file(path string) (string, error) {
	switch {
	case p.top == `HKU\.DEFAULT`:
		return "DEFAULT", nil
	case strings.HasPrefix(p.top, "HKU"):
		return "", &PathError{path, `only HKU\.DEFAULT is read of the users' hives on a disk`}
	case !slices.Contains(machineHives, p.hive):
		return "", &PathError{path, fmt.Sprintf(`%s is not a hive on the disk; those are %s`, p.top, strings.Join(machineHives, ", "))}
	}
	return p.hive, nil
}

// parent gives the path of the key above, and the last name.
func parent(path string) (above, name string) {
	i := strings.LastIndexByte(path, '\\')
	return path[:i], path[i+1:]
}
