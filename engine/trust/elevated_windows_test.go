package trust

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/elevation"
)

// TestMain lets the test binary be an elevated process, which says what it thinks of an executable.
func TestMain(m *testing.M) {
	s, args, err := elevation.Join(os.Args[1:])
	if err != nil {
		os.Exit(3)
	}
	if s == nil {
		os.Exit(m.Run())
	}
	if err := CheckWritable(args[0]); err != nil {
		fmt.Print(err)
		os.Exit(1)
	}
}

// TestElevatedTrustsNoUser makes sure that what an account may write without the rights of an administrator is not started
// with them.
func TestElevatedTrustsNoUser(t *testing.T) {
	standing, err := elevation.Read()
	if err != nil {
		t.Fatal(err)
	}
	if standing.Elevated {
		t.Skip("this process is elevated: it cannot show the difference")
	}
	path := filepath.Join(t.TempDir(), "rectify-plugin-x.exe")
	if err := os.WriteFile(path, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := CheckWritable(path); err != nil {
		t.Errorf("not elevated: %v", err)
	}
	var out, fail bytes.Buffer
	code, err := elevation.Relaunch(t.Context(), []string{path}, elevation.Streams{Out: &out, Err: &fail})
	if err != nil || code != 1 || !strings.Contains(out.String(), "may be written by "+standing.Account) {
		t.Errorf("elevated: code %d, %v; %s", code, err, out.String()+fail.String())
	}
}
