//go:build !windows

package command

import (
	"context"
	"strings"
)

// Live runs the programs of this machine; there are none here.
func Live() Runner { return nowhere{} }

type nowhere struct{}

func (nowhere) Run(context.Context, Program) (Result, error) { return Result{}, ErrNotWindows }

// Spawn starts a worker; not here.
func Spawn([]string, string) (Process, error) { return Process{}, ErrNotWindows }

// Self is the calling process; not here.
func Self() (Process, error) { return Process{}, ErrNotWindows }

// Running says whether a process has not ended; not here.
func Running(Process) (bool, error) { return false, ErrNotWindows }

func fromOEM(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
