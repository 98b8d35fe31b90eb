//go:build !windows

package verification

// System is where this process runs, in the words of a [Record].
func System() string { return Fake }
