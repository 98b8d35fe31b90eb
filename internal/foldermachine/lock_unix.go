//go:build !windows

package foldermachine

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock of an open file, alone or together with others, unless it is taken. It ends with unlock, and with
// the process.
func tryLock(f *os.File, alone bool) (bool, error) {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// unlock gives up the lock of an open file and closes it. Closing alone is not enough: a process that this one starts at
// the same time has the file, and with it the lock, for a moment.
func unlock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // closing does it if this cannot
	f.Close()
}

// patiently does something with a file; nobody who has it open is in the way here.
func patiently(do func() error) error { return do() }
