// Package holders tells which processes have files open, as Restart Manager of Windows knows it: the part of Windows that
// installers ask before they replace files.
package holders

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Holder is a process that has a file open.
type Holder struct {
	Process uint32
	Started time.Time // zero where that is not known; a number of a process is given again
	Name    string    // as Windows shows it: "Windows Update", "Notepad"; empty where it tells none
	Service string    // key name of the service that the process runs: "wuauserv"; empty for other processes
	Kind    Kind
}

// Kind is what a process is to somebody who wants it to let go.
type Kind uint32

// The kinds, as Restart Manager numbers them.
const (
	Unknown  Kind = 0
	Window   Kind = 1 // a program with a window of its own
	Other    Kind = 2 // a program with a window that is not its own
	Service  Kind = 3
	Explorer Kind = 4
	Console  Kind = 5
	Critical Kind = 1000 // one that Windows does not run without
)

// String names the holder: "Windows Update (service wuauserv, process 1234)".
func (h Holder) String() string {
	name := h.Name
	if name == "" {
		name = "a process without a name"
	}
	what := fmt.Sprintf("process %d", h.Process)
	if h.Service != "" {
		what = "service " + h.Service + ", " + what
	}
	if h.Kind == Critical {
		what += ", which Windows does not run without"
	}
	return name + " (" + what + ")"
}

// maxShown bounds how many holders one sentence names.
const maxShown = 5

// Sentence names holders for a message; nothing where there are none.
func Sentence(all []Holder) string {
	var names []string
	for _, h := range all[:min(len(all), maxShown)] {
		names = append(names, h.String())
	}
	if more := len(all) - maxShown; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// Asker tells who has files open. Full Windows paths of files are expected: Restart Manager takes no folders. That it names
// nobody does not say that nobody has them open: it sees no drivers, and not everything without the rights of an administrator.
type Asker interface {
	Holding(ctx context.Context, files []string) ([]Holder, error)
}

// ErrNotWindows says that there is no Restart Manager to ask.
var ErrNotWindows = errors.New("who has a file open can be asked on a running Windows only")
