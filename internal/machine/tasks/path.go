package tasks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPath bounds the path of a task: its definition is a file, in a folder whose path has 29 characters.
const maxPath = 230

// CheckPath gives the full path of a task, which begins with a backslash. The first one may be left out. The error says what
// is wrong with a path that no task can have.
func CheckPath(path string) (string, error) {
	full := path
	if !strings.HasPrefix(full, `\`) {
		full = `\` + full
	}
	if !utf8.ValidString(path) || len(path) > maxPath*utf8.UTFMax || utf8.RuneCountInString(full) > maxPath {
		return "", fmt.Errorf("%.80q is not the path of a task: at most %d characters are possible", path, maxPath)
	}
	if i := strings.IndexFunc(full, func(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(`/:*?"<>|`, c) }); i >= 0 {
		return "", fmt.Errorf(`%q is not the path of a task: no name can hold %q; expected a path such as \Folder\Name`, path, full[i:i+1])
	}
	for name := range strings.SplitSeq(full[1:], `\`) {
		if name == "" || strings.Trim(name, ". ") == "" {
			return "", fmt.Errorf(`%q is not the path of a task: %q is no name; expected a path such as \Folder\Name`, path, name)
		}
	}
	return full, nil
}
