package update

import (
	"errors"
	"os"

	win "golang.org/x/sys/windows"
)

// lockAt is the offset of the byte that is locked, far behind what the file holds: a lock keeps others from reading.
const lockAt = 1 << 30

// tryLock takes the lock of an open file, alone or together with others, unless it is taken. It ends with the process.
func tryLock(f *os.File, alone bool) (bool, error) {
	flags := uint32(win.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		flags |= win.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := win.LockFileEx(win.Handle(f.Fd()), flags, 0, 1, 0, &win.Overlapped{Offset: lockAt})
	if errors.Is(err, win.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	if err != nil {
		return false, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return true, nil
}

// unlock gives up the lock of an open file and closes it. Windows may take its time when the file is only closed.
func unlock(f *os.File) {
	_ = win.UnlockFileEx(win.Handle(f.Fd()), 0, 1, 0, &win.Overlapped{Offset: lockAt}) // closing does it if this cannot
	f.Close()
}

// held says that a file is open elsewhere and not shared.
func held(err error) bool {
	return errors.Is(err, win.ERROR_SHARING_VIOLATION) || errors.Is(err, win.ERROR_LOCK_VIOLATION)
}
