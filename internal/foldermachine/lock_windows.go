package foldermachine

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// tryLock takes the lock of an open file, alone or together with others, unless it is taken. It ends with unlock, and with
// the process.
func tryLock(f *os.File, alone bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return true, nil
}

// unlock gives up the lock of an open file and closes it. Windows may take its time when the file is only closed.
func unlock(f *os.File) {
	_ = windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, new(windows.Overlapped)) // closing does it if this cannot
	f.Close()
}

// openTries bounds how often something is tried that cannot be done while others have a file open, each time after lockPoll or
// longer: a file is read within milliseconds.
const openTries = 1000

// patiently does something with a file again while others have it open, or are replacing it.
func patiently(do func() error) error {
	for try := 1; ; try++ {
		err := do()
		busy := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !busy || try == openTries {
			return err
		}
		time.Sleep(lockPoll)
	}
}
