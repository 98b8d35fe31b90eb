package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// scratch is the end of the name that a file has while it is written.
const scratch = ".new"

// WriteFile is [os.WriteFile], whole and durable, for what is kept in a format of its own: when it returns without an error
// the bytes are on the disk under this name; a crash before leaves what had been there, and maybe a file with ".new" behind
// its name. The folder must exist. The file is its owner's alone. Errors are those of the system.
func WriteFile(path string, data []byte) error {
	var f *os.File
	err := patiently(func() (err error) {
		if err := onlyFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f, err = os.OpenFile(path+scratch, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return patiently(func() error { return replace(path+scratch, path) })
}

// onlyFile refuses what has the name of a file and is none, such as a folder, a link or a pipe, which would never be read to its
// end. The error wraps fs.ErrNotExist where there is nothing.
func onlyFile(path string) error {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file but %s", path, fs.FormatFileInfo(info))
	}
	return err
}
