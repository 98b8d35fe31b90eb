// Package processes sees which programs run on a Windows machine, and whether they do anything.
package processes

import (
	"context"
	"errors"
)

// ErrNotWindows is a machine that is not a running Windows.
var ErrNotWindows = errors.New("the programs that run are asked of a running Windows only")

// Process is a program that runs.
type Process struct {
	ID   uint32
	Name string // of its file: "TiWorker.exe"
}

// Work is what a process has done since it was started. One that idles adds nothing to it.
type Work struct {
	Processor int64  // time of the processor, in units of 100 ns
	Transfers uint64 // reads and writes of files and devices
}

// System tells of processes.
type System interface {
	// List gives those that run now.
	List(ctx context.Context) ([]Process, error)
	// Done gives what one has done. One that has ended, or that may not be looked at, is an error.
	Done(id uint32) (Work, error)
}
