package servicing

import (
	"fmt"
	"strings"
)

// Kind is what a [Change] does.
type Kind string

// The kinds.
const (
	Add     Kind = "add_package"
	Remove  Kind = "remove_package"
	Restore Kind = "restore_health"
)

// Change is a change of the component store.
type Change struct {
	Kind        Kind   `json:"kind"`
	Package     string `json:"package,omitempty"`      // Add: full Windows path of the file
	Identity    string `json:"identity,omitempty"`     // Remove
	Source      string `json:"source,omitempty"`       // Restore: where sound files come from; empty: Windows Update
	LimitAccess bool   `json:"limit_access,omitempty"` // Restore: do not ask Windows Update
}

// arguments are those of DISM.
func (c Change) arguments() ([]string, error) {
	for _, text := range []string{c.Package, c.Identity, c.Source} {
		if strings.ContainsAny(text, "\"\r\n\x00") {
			return nil, fmt.Errorf("%q cannot be handed to dism: it holds a quotation mark or a control character", text)
		}
	}
	switch c.Kind {
	case Add:
		return []string{"/Add-Package", "/PackagePath:" + c.Package, "/NoRestart"}, nil
	case Remove:
		return []string{"/Remove-Package", "/PackageName:" + c.Identity, "/NoRestart"}, nil
	case Restore:
		args := []string{"/Cleanup-Image", "/RestoreHealth"}
		if c.Source != "" {
			args = append(args, "/Source:"+c.Source)
		}
		if c.LimitAccess {
			args = append(args, "/LimitAccess")
		}
		return args, nil
	}
	return nil, fmt.Errorf("unknown change %q; known are %s, %s, %s", c.Kind, Add, Remove, Restore)
}
