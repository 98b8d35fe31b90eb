package zone

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/artefact/winzone"
)

var procDynamicZone = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetDynamicTimeZoneInformation")

func ofThisMachine() (*winzone.Zone, error) {
	if err := procDynamicZone.Find(); err != nil {
		return nil, err
	}
	var info [sizeRunning / 4]uint32 // aligned as the structure is
	const invalid = 0xffffffff
	if kind, _, err := procDynamicZone.Call(uintptr(unsafe.Pointer(&info))); uint32(kind) == invalid {
		return nil, fmt.Errorf("GetDynamicTimeZoneInformation: %w", err)
	}
	return parse(unsafe.Slice((*byte)(unsafe.Pointer(&info)), sizeRunning))
}
