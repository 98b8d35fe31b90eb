package services

import (
	"context"

	"golang.org/x/sys/windows"
)

// processRights are those of this process.
type processRights struct{}

// accesses are the rights as Windows names them.
var accesses = map[Right]uint32{
	ToConfigure: windows.SERVICE_CHANGE_CONFIG,
	ToStart:     windows.SERVICE_START,
	ToStop:      windows.SERVICE_STOP,
}

func (processRights) Granted(ctx context.Context, name string, rights ...Right) error {
	var access uint32
	for _, r := range rights {
		access |= accesses[r]
	}
	return request(ctx, "OpenService", name, access, func(windows.Handle) error { return nil })
}

func (processRights) Elevated() bool { return windows.GetCurrentProcessToken().IsElevated() }

var _ Rights = processRights{}
