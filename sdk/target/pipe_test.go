//go:build !windows

package target

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesNeverBlock hangs when a pipe is opened and waited for.
func TestPipesNeverBlock(t *testing.T) {
	root := layOut(t, "w/x.log", "dev -> /dev/null")
	if err := syscall.Mkfifo(filepath.Join(root, "w", "pipe"), 0o600); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	d, err := Open(Spec{Kind: Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Open(`C:\w\PIPE`); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("Open: %v", err)
	}
	if _, err := d.ReadDir(`C:\w\pipe`); err == nil {
		t.Error("a pipe was listed")
	}
	if got, err := d.Glob(`C:\w\*\*`); len(got) != 0 || err != nil {
		t.Errorf("Glob = %q, %v", got, err)
	}
	if _, err := d.Stat(`C:\w\pipe\x`); err == nil {
		t.Error("a pipe was taken for a folder")
	}
	if _, err := d.Open(`C:\dev`); err == nil {
		t.Error("a device was opened")
	}
	f, err := d.tree.open("w/pipe") // as if it had replaced a file after Stat
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}
