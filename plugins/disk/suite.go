package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite is the checks of the volume that the running system is on, by the folder that it is mounted in: C:\. They change
// nothing.
func Suite(mount string) conformance.Suite { return suite(system{}, mount) }

// SystemVolume is where the system drive is mounted.
func SystemVolume() string { return os.Getenv("SystemDrive") + `\` }

func suite(v volumes, mount string) conformance.Suite {
	return conformance.Suite{Name: "volumes", Checks: []conformance.Check{{
		Name: "a volume is known by its serial number and file system", API: []string{"kernel32!GetVolumeInformationW"}, Serves: []string{"disk.volume"},
		Run: func(context.Context) error {
			d, err := v.describe(mount)
			switch {
			case err != nil:
				return conformance.Differs("%v", err)
			case d.fileSystem == "" || d.serial == 0:
				return conformance.Differs("%s has the file system %q and the serial number %d", mount, d.fileSystem, d.serial)
			}
			return nil
		},
	}, {
		Name: "a volume says whether it needs a check", Serves: []string{"disk.volume"},
		API: []string{"kernel32!GetVolumeNameForVolumeMountPointW", "kernel32!CreateFileW", "kernel32!DeviceIoControl FSCTL_IS_VOLUME_DIRTY"},
		Run: func(context.Context) error {
			_, err := v.dirty(mount)
			switch {
			case errors.Is(err, fs.ErrPermission):
				return conformance.Inapplicable("only administrators are told: %v", err)
			case err != nil:
				return conformance.Missing("%v", err)
			}
			return nil
		},
	}, {
		Name: "a volume tells its size and free space", API: []string{"kernel32!GetVolumePathNameW", "kernel32!GetDiskFreeSpaceExW"}, Serves: []string{"disk.space"},
		Run: func(context.Context) error {
			at, err := mountPoint(mount)
			if err != nil || !sameFolder(at, mount) {
				return conformance.Differs("%s is on the volume %q, %v", mount, at, err)
			}
			free, total, err := measure(mount)
			if err != nil || total == 0 || free > total {
				return conformance.Differs("%d of %d bytes are free, %v", free, total, err)
			}
			return nil
		},
	}}}
}
