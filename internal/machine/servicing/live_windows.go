package servicing

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/command"
)

// Live is what a worker has on this machine.
func Live() Hands {
	return Hands{DISM{Run: command.Live()}, Mutex{`Global\Rectify-Servicing`}, command.Self, command.Running, time.Now}
}

// Spawn starts a worker on a job: this executable with the arguments that make it call [Work]. The worker outlives the caller.
func Spawn(j Job, args ...string) (command.Process, error) {
	return command.Spawn(args, filepath.Join(j.Folder, spawnFile))
}

// Mutex is a [Lock] of the whole machine: a named mutex.
type Mutex struct{ Name string }

var _ Lock = Mutex{}

// Acquire implements [Lock].
func (m Mutex) Acquire(ctx context.Context) (func(), error) {
	name, err := windows.UTF16PtrFromString(m.Name)
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // a mutex belongs to a thread
	release, err := acquire(ctx, name)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	return func() {
		release()
		runtime.UnlockOSThread()
	}, nil
}

func acquire(ctx context.Context, name *uint16) (func(), error) {
	h, err := windows.CreateMutex(nil, false, name)
	if h == 0 && errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, fmt.Errorf("%w: its mutex belongs to another account", ErrBusy)
	}
	if h == 0 {
		return nil, fmt.Errorf("CreateMutex: %w", err)
	}
	for {
		const poll = 100 // milliseconds
		event, err := windows.WaitForSingleObject(h, poll)
		switch {
		case event == windows.WAIT_OBJECT_0 || event == windows.WAIT_ABANDONED:
			return func() {
				_ = windows.ReleaseMutex(h) // closing it does the same
				_ = windows.CloseHandle(h)
			}, nil
		case err != nil:
			_ = windows.CloseHandle(h)
			return nil, fmt.Errorf("WaitForSingleObject: %w", err)
		case ctx.Err() != nil:
			_ = windows.CloseHandle(h)
			return nil, ErrBusy
		}
	}
}
