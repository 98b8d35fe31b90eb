//go:build !windows

package kept

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rectify-project/rectify/sdk"
)

func TestNoFile(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) }, // nobody ever writes into it
		"link": func(path string) error {
			return errors.Join(os.WriteFile(path+".far", []byte("{}"), 0o600), os.Symlink(path+".far", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(filepath.Join(dir, "a")); err != nil {
				t.Fatal(err)
			}
			_, err := Read(dir, "a", &begun{})
			wantError(t, err, sdk.Unavailable, "is no file")
			wantError(t, Write(dir, "a", begun{}), sdk.Unavailable, "is no file")
			wantError(t, Drop(dir, "a"), sdk.Unavailable, "is no file")
		})
	}
}

func TestItIsTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, "a", begun{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "a")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
}
