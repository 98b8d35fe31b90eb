//go:build !windows

package target

import "syscall"

const (
	openNoWait = syscall.O_NONBLOCK
	openFolder = syscall.O_NONBLOCK | syscall.O_DIRECTORY
)
