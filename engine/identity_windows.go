package engine

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// volumeID gives the serial number of the volume whose root a folder is. It is false of a folder inside of a volume.
// Written after the documentation of GetVolumeInformationW.
func volumeID(root string) (string, bool) {
	if volume := filepath.VolumeName(root); filepath.Clean(root) != volume+`\` {
		return "", false
	}
	path, err := windows.UTF16PtrFromString(filepath.Clean(root))
	if err != nil {
		return "", false
	}
	var serial uint32
	if err := windows.GetVolumeInformation(path, nil, 0, &serial, nil, nil, nil, 0); err != nil {
		return "", false
	}
	return fmt.Sprintf("%08x", serial), true
}

// machineID is the GUID that Windows gave itself when it was installed; empty where it cannot be read.
func machineID() string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer k.Close()
	id, _, err := k.GetStringValue("MachineGuid")
	if err != nil {
		return ""
	}
	return id
}
