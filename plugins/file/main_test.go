package file

import (
	"os"
	"testing"
)

// TestMain keeps the disks of the tests in memory where the system has a place for that: the actions sync thousands of
// times here, and a busy disk makes minutes of it.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("/dev/shm", "rectify-file-")
	if err != nil {
		os.Exit(m.Run())
	}
	os.Setenv("TMPDIR", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
