package disk

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/windows"
)

// longestName is the longest name of a volume or file system, with its NUL.
const longestName = windows.MAX_PATH + 1

func (system) describe(mount string) (description, error) {
	var d description
	root, err := windows.UTF16PtrFromString(strings.TrimRight(mount, `\`) + `\`)
	if err != nil {
		return d, &fs.PathError{Op: "open", Path: mount, Err: err}
	}
	var label, kind [longestName]uint16
	if err := windows.GetVolumeInformation(root, &label[0], longestName, &d.serial, nil, nil, &kind[0], longestName); err != nil {
		return d, &fs.PathError{Op: "GetVolumeInformation", Path: mount, Err: err}
	}
	d.label, d.fileSystem = windows.UTF16ToString(label[:]), windows.UTF16ToString(kind[:])
	return d, nil
}

// dirty asks the file system, which answers only through a handle that could read the volume: an administrator's.
func (system) dirty(mount string) (bool, error) {
	root, err := windows.UTF16PtrFromString(strings.TrimRight(mount, `\`) + `\`)
	if err != nil {
		return false, &fs.PathError{Op: "open", Path: mount, Err: err}
	}
	var volume [64]uint16 // \\?\Volume{GUID}\ has 49 characters
	if err := windows.GetVolumeNameForVolumeMountPoint(root, &volume[0], uint32(len(volume))); err != nil {
		return false, &fs.PathError{Op: "GetVolumeNameForVolumeMountPoint", Path: mount, Err: err}
	}
	name, err := windows.UTF16PtrFromString(strings.TrimRight(windows.UTF16ToString(volume[:]), `\`)) // the volume, not its folder
	if err != nil {
		return false, &fs.PathError{Op: "open", Path: mount, Err: err}
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return false, &fs.PathError{Op: "CreateFile", Path: windows.UTF16ToString(volume[:]), Err: err}
	}
	defer windows.CloseHandle(handle)
	const fsctlIsVolumeDirty, volumeIsDirty = 0x90078, 1
	var flags [4]byte
	var n uint32
	if err := windows.DeviceIoControl(handle, fsctlIsVolumeDirty, nil, 0, &flags[0], uint32(len(flags)), &n, nil); err != nil {
		return false, &fs.PathError{Op: "FSCTL_IS_VOLUME_DIRTY", Path: mount, Err: err}
	}
	if int(n) != len(flags) {
		return false, &fs.PathError{Op: "FSCTL_IS_VOLUME_DIRTY", Path: mount, Err: fmt.Errorf("%d bytes, expected %d", n, len(flags))}
	}
	return binary.LittleEndian.Uint32(flags[:])&volumeIsDirty != 0, nil
}
