//go:build !windows

package tasks

import (
	"context"
	"fmt"
	"runtime"
)

func live() System { return elsewhere{} }

// elsewhere is a system that has no Task Scheduler.
type elsewhere struct{}

func (elsewhere) refuse() error {
	return fmt.Errorf("%w: this is %s, and scheduled tasks need a Windows that runs", ErrUnsupported, runtime.GOOS)
}

func (e elsewhere) List(context.Context) (Listing, error)          { return Listing{}, e.refuse() }
func (e elsewhere) Task(context.Context, string) (Task, error)     { return Task{}, e.refuse() }
func (e elsewhere) SetEnabled(context.Context, string, bool) error { return e.refuse() }
func (e elsewhere) Register(context.Context, string, string) error { return e.refuse() }
func (e elsewhere) Run(context.Context, string) error              { return e.refuse() }
func (e elsewhere) Delete(context.Context, string) error           { return e.refuse() }
