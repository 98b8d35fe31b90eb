// Package command runs programs that are part of Windows: by their full path below System32, never by a search of PATH, where
// somebody may have put another program of that name; without a shell and without a window. It also starts workers, which
// outlive the process that started them.
package command

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// MaxOutput bounds the output of a program that is kept, in bytes.
const MaxOutput = 16 << 20

// Program is one run of a program of System32.
type Program struct {
	Name string // "dism": no path, no extension
	Args []string
	// OutputFile is where the program itself writes its standard output and error to; the file is made anew. Such a
	// program is never ended: it goes on when ctx ends and when its starter dies. Empty: the output goes through a pipe,
	// and the program is ended with ctx.
	OutputFile string
	// Started is called with the process when it was started; nil: nobody wants to know.
	Started func(Process)
}

// Result is how a program ended.
type Result struct {
	Code   uint32 // its exit code, all 32 bits: 3010, 0x800F081E
	Output string // standard output and error in the order of writing, decoded by [Decode]
}

// Runner runs programs. [Live] is this machine's.
type Runner interface {
	// Run runs a program to its end. An exit code other than zero is no error: the caller knows what it means. A program
	// that is not there is an error that wraps fs.ErrNotExist, one whose output is longer than MaxOutput is one that
	// wraps [ErrTooMuch].
	Run(ctx context.Context, p Program) (Result, error)
}

// ErrTooMuch is an output of more than [MaxOutput] bytes.
var ErrTooMuch = errors.New("it wrote more than is read")

// ErrNotWindows is what everything here gives on a system that is not Windows.
var ErrNotWindows = errors.New("this needs a running Windows")

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (p Program) check() error {
	if !nameForm.MatchString(p.Name) {
		return fmt.Errorf("%q is not the name of a program of System32: expected letters and digits, no path and no extension", p.Name)
	}
	return nil
}

// Process is a process that cannot be taken for another: numbers are used again, creation times are not.
type Process struct {
	ID      uint32    `json:"id"`
	Created time.Time `json:"created"`
}

// bounded keeps what is written to it up to MaxOutput, and counts on.
type bounded struct {
	kept []byte
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := MaxOutput - len(b.kept)
	b.over = b.over || len(p) > room
	b.kept = append(b.kept, p[:min(len(p), room)]...)
	return len(p), nil
}
