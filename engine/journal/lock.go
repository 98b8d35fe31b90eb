package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lock is a file that this process holds. The kernel lets go of it when the process dies, however it dies. The file is
// never deleted: a process that has opened it and one that makes it anew would each hold one.
type lock struct {
	file *os.File
}

// holder is what a lock file tells people. The lock itself is the kernel's.
type holder struct {
	Run   string    `json:"run"`
	PID   int       `json:"pid"`
	User  string    `json:"user"`
	Since time.Time `json:"since"`
}

// Somebody who only looks whether a lock is held holds it for a moment, and one who has just got it has not written who
// he is yet: so a lock is tried several times.
const (
	lockTries = 12
	lockPause = 20 * time.Millisecond
)

// lockName is the name of a target's lock.
func lockName(identity string) string {
	sum := sha256.Sum256([]byte(identity))
	return hex.EncodeToString(sum[:8])
}

func (s *Store) lockPath(name string) string {
	return filepath.Join(s.dir, locksFolder, name+".lock")
}

// lockFile takes a lock, and writes into it who holds it. One that is still held after so many tries gives a
// [BusyError].
func (s *Store) lockFile(name, run, who string, tries int) (*lock, error) {
	f, err := openLock(s.lockPath(name), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, s.fault("take a lock", err)
	}
	l := &lock{file: f}
	for try := 1; ; try++ {
		held, err := tryLock(f, true)
		if err != nil {
			return nil, errors.Join(s.fault("take a lock", err), f.Close())
		}
		if held {
			break
		}
		if try == tries {
			h, _ := l.holder() // without it the error says less
			return nil, errors.Join(&BusyError{Run: h.Run, PID: h.PID, User: h.User, Since: h.Since}, f.Close())
		}
		time.Sleep(lockPause)
	}
	if err := l.tell(holder{Run: run, PID: os.Getpid(), User: who, Since: s.now().UTC()}); err != nil {
		return nil, errors.Join(s.fault("take a lock", err), l.release())
	}
	return l, nil
}

// tell replaces what the file says. It is emptied first: nobody may read the name of the holder before.
func (l *lock) tell(h holder) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(data, 0)
	return err
}

func (l *lock) holder() (holder, error) {
	var h holder
	data := make([]byte, 4096)
	n, _ := l.file.ReadAt(data, 0) // a short file is the rule
	return h, json.Unmarshal(data[:n], &h)
}

func (l *lock) release() error {
	// What an old file says harms nobody: the lock is what counts.
	return errors.Join(l.file.Truncate(0), unlock(l.file), l.file.Close())
}

// holding gives who holds the lock of a target now. It is nil when nobody does.
func (s *Store) holding(identity string) (*holder, error) {
	f, err := openLock(s.lockPath(lockName(identity)), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, s.fault("look at the lock of the target", err)
	}
	defer f.Close()
	for try := 1; ; try++ {
		held, err := tryLock(f, false)
		if err != nil {
			return nil, s.fault("look at the lock of the target", err)
		}
		if held {
			return nil, s.fault("look at the lock of the target", unlock(f))
		}
		h, err := (&lock{file: f}).holder()
		if err == nil || try == lockTries {
			return &h, nil
		}
		time.Sleep(lockPause)
	}
}
