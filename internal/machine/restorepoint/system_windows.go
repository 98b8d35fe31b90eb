package restorepoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/com"
)

var (
	srclient               = windows.NewLazySystemDLL("srclient.dll")
	procSRSetRestorePointW = srclient.NewProc("SRSetRestorePointW")

	ole32                    = windows.NewLazySystemDLL("ole32.dll")
	procCoInitializeSecurity = ole32.NewProc("CoInitializeSecurity")
	procCoSetProxyBlanket    = ole32.NewProc("CoSetProxyBlanket")
)

// Live is that of this machine.
func Live() Store { return system{} }

type system struct{}

var _ Store = system{}

// restorePointInfo is RESTOREPOINTINFOW, packed to single bytes, which changes nothing here.
type restorePointInfo struct {
	EventType   uint32
	PointType   uint32
	Sequence    int64
	Description [MaxDescription + 1]uint16
}

const (
	beginSystemChange = 100
	endSystemChange   = 101
	modifySettings    = 12
	statusOff         = 1058 // ERROR_SERVICE_DISABLED
)

// Create implements [Store]. It cannot be cut off once begun.
func (system) Create(ctx context.Context, description string) (int64, error) {
	if err := errors.Join(ctx.Err(), CheckDescription(description)); err != nil {
		return 0, err
	}
	if procSRSetRestorePointW.Find() != nil {
		return 0, ErrNone
	}
	units, err := windows.UTF16FromString(description)
	if err != nil {
		return 0, err
	}
	info := restorePointInfo{EventType: beginSystemChange, PointType: modifySettings}
	copy(info.Description[:MaxDescription], units)
	var sequence int64
	err = com.Run(func() error {
		if err := letServicesCall(); err != nil {
			return err
		}
		if sequence, err = set(&info); err != nil {
			return err
		}
		info.EventType, info.Sequence = endSystemChange, sequence
		_, err := set(&info)
		return err
	})
	return sequence, err
}

func set(info *restorePointInfo) (int64, error) {
	var status [12]byte // STATEMGRSTATUS, packed to single bytes: a status of 4, a number of 8
	ok, _, _ := procSRSetRestorePointW.Call(uintptr(unsafe.Pointer(info)), uintptr(unsafe.Pointer(&status[0])))
	switch code := binary.LittleEndian.Uint32(status[:]); {
	case code == statusOff:
		return 0, ErrOff
	case ok == 0 || code != 0:
		return 0, &Error{"SRSetRestorePointW", code}
	}
	return int64(binary.LittleEndian.Uint64(status[4:])), nil
}

// letServicesCall lets the services that make a restore point call back into this process, as SRSetRestorePointW wants it: the
// accounts of services, SYSTEM and administrators. It can be said once in the life of a process.
func letServicesCall() error {
	relative, err := windows.SecurityDescriptorFromString("O:BAG:BAD:(A;;0x3;;;NS)(A;;0x3;;;LS)(A;;0x3;;;SY)(A;;0x3;;;BA)(A;;0x3;;;PS)")
	if err != nil {
		return fmt.Errorf("SecurityDescriptorFromString: %w", err)
	}
	absolute, err := relative.ToAbsolute()
	if err != nil {
		return fmt.Errorf("MakeAbsoluteSD: %w", err)
	}
	const packetPrivacy, identify, disableAAA, tooLate = 6, 2, 0x1000, 0x80010119
	r, _, _ := procCoInitializeSecurity.Call(uintptr(unsafe.Pointer(absolute)), ^uintptr(0), 0, 0, packetPrivacy, identify, 0, disableAAA, 0)
	if code := uint32(r); code&0x80000000 != 0 && code != tooLate {
		return fmt.Errorf("CoInitializeSecurity: 0x%08X", code)
	}
	return nil
}
