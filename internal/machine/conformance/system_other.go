//go:build !windows

package conformance

import "runtime"

// System is what this process runs on: "Windows 10.0.19045", "Wine 10.0"; elsewhere the name of the operating system.
func System() string { return runtime.GOOS }
