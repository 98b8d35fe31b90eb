package target

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxName is the longest name of a file or folder that Windows knows, in UTF-16 code units.
const maxName = 255

// CheckName says why Windows could not give a file or folder this name. What is made on a target needs such a name on
// every system: a disk that is written to on another system must still be readable by its own Windows.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%q: a name is expected", name)
	case !utf8.ValidString(name):
		return fmt.Errorf("%q: a name is expected, this is not UTF-8", name)
	case strings.ContainsFunc(name, isReserved):
		return fmt.Errorf(`%q: a bare name is expected, without control characters and any of \ / : * ? " < > |`, name)
	case isCut(name):
		return fmt.Errorf("%q: a name cannot end in a dot or a blank in Windows", name)
	case isDevice(name):
		return fmt.Errorf("%q: is a device in Windows, not a file", name)
	}
	if n := len(utf16.Encode([]rune(name))); n > maxName {
		return fmt.Errorf("%q…: a name has at most %d characters, this one has %d", string([]rune(name)[:20]), maxName, n)
	}
	return nil
}

func isReserved(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(`\/:*?"<>|`, c) }

// isPart says whether a name that may be on the disk already can be asked for in a folder. Other systems allow names
// that Windows would not, and they can be renamed away; what separates or escapes can stand in none.
func isPart(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\:*?\x00")
}
