package engine

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// volumeID gives the id of the volume whose root a folder is. It is false of a folder inside of a volume, and of a volume
// without an id. The ids are those of the links in /dev/disk/by-uuid, which udev makes of the volumes' own.
func volumeID(root string) (string, bool) {
	var here, above syscall.Stat_t
	if syscall.Stat(root, &here) != nil || syscall.Stat(filepath.Dir(root), &above) != nil || here.Dev == above.Dev {
		return "", false
	}
	const ids = "/dev/disk/by-uuid"
	entries, err := os.ReadDir(ids)
	if err != nil {
		return "", false
	}
	for _, entry := range entries {
		var device syscall.Stat_t
		if syscall.Stat(filepath.Join(ids, entry.Name()), &device) == nil && device.Rdev == here.Dev {
			return entry.Name(), true
		}
	}
	return "", false
}

// machineID is the id that systemd gives a machine (machine-id(5)); empty where there is none.
func machineID() string {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}
