//go:build !windows

package services

// Open opens the service control manager of this machine. The error wraps [ErrNotWindows].
func Open() (Machine, error) { return Machine{}, ErrNotWindows }
