package disk

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/windows"
)

// mountPoint gives the root of the volume that holds a path: a drive, or a folder that a volume is mounted in.
func mountPoint(path string) (string, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", &fs.PathError{Op: "open", Path: path, Err: err}
	}
	root := make([]uint16, len(path)+windows.MAX_PATH)
	if err := windows.GetVolumePathName(name, &root[0], uint32(len(root))); err != nil {
		return "", &fs.PathError{Op: "GetVolumePathName", Path: path, Err: err}
	}
	return windows.UTF16ToString(root), nil
}

// measure gives the space on the volume that holds a folder, in bytes. What counts is the free space of the volume, not
// what the quota of this user leaves: updates are installed by the system.
func measure(path string) (free, total uint64, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var quota uint64
	if err := windows.GetDiskFreeSpaceEx(name, &quota, &total, &free); err != nil {
		return 0, 0, &fs.PathError{Op: "GetDiskFreeSpaceEx", Path: path, Err: err}
	}
	return free, total, nil
}

// fileSystem gives the name of a volume's file system. The path is the volume's root.
func fileSystem(path string) (string, error) {
	name, err := windows.UTF16PtrFromString(strings.TrimRight(path, `\`) + `\`)
	if err != nil {
		return "", &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var kind [windows.MAX_PATH + 1]uint16
	if err := windows.GetVolumeInformation(name, nil, 0, nil, nil, nil, &kind[0], uint32(len(kind))); err != nil {
		return "", &fs.PathError{Op: "GetVolumeInformation", Path: path, Err: err}
	}
	return windows.UTF16ToString(kind[:]), nil
}
