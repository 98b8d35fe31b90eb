//go:build !windows

package servicing

import (
	"context"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
)

// Live is what a worker has on this machine; here, nothing that works.
func Live() Hands {
	return Hands{DISM{Run: command.Live()}, nowhere{}, command.Self, command.Running, time.Now}
}

// Spawn starts a worker; not here.
func Spawn(Job, ...string) (command.Process, error) { return command.Process{}, command.ErrNotWindows }

type nowhere struct{}

func (nowhere) Acquire(context.Context) (func(), error) { return nil, command.ErrNotWindows }
