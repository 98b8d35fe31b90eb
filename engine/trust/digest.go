// Package trust decides which vendor plugins may run: an executable runs when its digest is pinned in the lock file and
// nobody else may write to it.
package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Binary is a plugin's executable as it was read: what has this digest is what may be launched.
type Binary struct {
	Path   string
	SHA256 string // lower-case hex
	info   fs.FileInfo
	held   *os.File // nil when it is not held
}

// Read digests an executable, after it has seen that nobody else may write to it.
func Read(path string) (Binary, error) {
	if err := CheckWritable(path); err != nil {
		return Binary{}, err
	}
	return Digest(path)
}

// Digest digests an executable, whoever may write to it.
func Digest(path string) (Binary, error) {
	b, err := digest(path)
	if err != nil {
		return Binary{}, err
	}
	err = b.Close()
	b.held = nil
	return b, err
}

// digest digests an executable and holds it.
func digest(path string) (b Binary, err error) {
	if info, err := os.Stat(path); err != nil {
		return Binary{}, err
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for ever
		return Binary{}, fmt.Errorf("%s is not a file", path)
	}
	f, err := hold(path)
	if err != nil {
		return Binary{}, err
	}
	b = Binary{Path: path, held: f}
	if b.info, err = f.Stat(); err != nil {
		return Binary{}, errors.Join(err, f.Close())
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Binary{}, errors.Join(fmt.Errorf("%s cannot be read: %w", path, err), f.Close())
	}
	b.SHA256 = hex.EncodeToString(h.Sum(nil))
	return b, nil
}

// Close lets go of an executable that is held.
func (b Binary) Close() error {
	if b.held == nil {
		return nil
	}
	return b.held.Close()
}

// Unchanged says whether the path still names the file that was read, untouched. Asked after the launch, it closes the
// gap between reading and launching.
func (b Binary) Unchanged() error {
	now, err := os.Stat(b.Path)
	if err != nil {
		return err
	}
	if !os.SameFile(b.info, now) || now.Size() != b.info.Size() || !now.ModTime().Equal(b.info.ModTime()) {
		return fmt.Errorf("%s was replaced while it was started", b.Path)
	}
	return nil
}
