// Package trust decides which vendor plugins may run: an executable runs when its digest is pinned in the lock file and
// nobody else may write to it.
package trust

import (
	"crypto/sha256"
	"encoding/hex"
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
	if info, err := os.Stat(path); err != nil {
		return Binary{}, err
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for ever
		return Binary{}, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Binary{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Binary{}, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Binary{}, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	return Binary{Path: path, SHA256: hex.EncodeToString(h.Sum(nil)), info: info}, nil
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
