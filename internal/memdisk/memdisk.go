// Package memdisk runs tests with their temporary folders in memory. Tests that sync thousands of times would measure how
// busy the disk is; what they prove does not rest on a disk.
package memdisk

import (
	"flag"
	"os"
	"testing"
)

// Run runs the tests of a package. Benchmarks stay on the disk, and so does everything where the system has no folder in
// memory. It gives the exit code.
func Run(m *testing.M) int {
	flag.Parse()
	if bench := flag.Lookup("test.bench"); bench != nil && bench.Value.String() != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("/dev/shm", "rectify-test-")
	if err != nil {
		return m.Run()
	}
	defer os.RemoveAll(dir)
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return m.Run()
	}
	return m.Run()
}
