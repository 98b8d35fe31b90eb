package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// place is a volume of a target.
type place struct {
	volume string // where it is mounted, as the target names it
	native string // a path on it, as this system names it
}

const systemDrive = `%SystemDrive%`

// find gives the volume that holds a path of the target.
func find(t *target.Target, path string) (place, error) {
	switch {
	case t.Kind() == target.Offline:
		return findOffline(t, path)
	case runtime.GOOS == "windows":
		return findWindows(t, path)
	}
	return findNative(path)
}

// findOffline gives the volume that the disk's root is where it was mounted. The whole of an offline target is one drive.
func findOffline(t *target.Target, path string) (place, error) {
	if _, err := t.Stat(path); err != nil {
		return place{}, explain(err)
	}
	root := t.Spec().Root
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	mount, err := mountPoint(root)
	if err != nil {
		return place{}, explain(err)
	}
	name, err := fileSystem(mount)
	if err != nil {
		return place{}, explain(err)
	}
	if err := isCopy(root, mount, name); err != nil {
		return place{}, err
	}
	return place{volume: t.Display(systemDrive + `\`), native: root}, nil
}

// isCopy refuses a root that is not the disk itself: a folder of a volume that is mounted elsewhere, or a volume that no
// Windows is installed on.
func isCopy(root, mount, fileSystem string) error {
	var reason string
	switch {
	case !sameFolder(root, mount):
		reason = "the root is a folder, not a mounted volume: its free space says nothing of the disk"
	case neverWindows(fileSystem):
		reason = fmt.Sprintf("the root is a volume with the file system %s, which Windows does not start from: "+
			"the disk was copied to it, and its free space says nothing of the disk", fileSystem)
	default:
		return nil
	}
	return sdk.Errorf(sdk.Unsupported, "%s", reason).
		WithHint("mount the disk or its image, read-only, and give the folder where it is mounted as the root; or look at the running machine")
}

func sameFolder(a, b string) bool {
	a, b = filepath.Clean(a), filepath.Clean(b)
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// neverWindows knows the file systems that a Windows is not installed on.
func neverWindows(name string) bool {
	switch strings.ToLower(name) {
	case "apfs", "btrfs", "exfat", "ext4", "f2fs", "fat", "fat32", "hfs", "overlay", "ramfs", "squashfs", "tmpfs", "ufs", "xfs", "zfs":
		return true
	}
	return false
}

// findWindows gives the volume of a path of this Windows.
func findWindows(t *target.Target, path string) (place, error) {
	if _, err := t.Stat(path); err != nil {
		return place{}, explain(err)
	}
	native := t.Display(path)
	mount, err := mountPoint(native)
	if err != nil {
		return place{}, explain(err)
	}
	return place{volume: mount, native: mount}, nil
}

// findNative gives the volume of a path of this system, which is no Windows.
func findNative(path string) (place, error) {
	if strings.EqualFold(strings.TrimRight(path, `\/`), systemDrive) {
		path = "/"
	}
	if !filepath.IsAbs(path) {
		return place{}, sdk.Errorf(sdk.InvalidInput, "%q: this machine does not run Windows; a path that begins with / is expected", path).WithPath("/path")
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return place{}, explain(err)
	}
	mount, err := mountPoint(resolved)
	if err != nil {
		return place{}, explain(err)
	}
	return place{volume: mount, native: resolved}, nil
}

// explain gives an error the code that callers branch on.
func explain(err error) error {
	code := sdk.InvalidInput // of the path itself: it is on no disk, or no path
	var pathError *fs.PathError
	switch {
	case errors.Is(err, target.ErrNotWindows):
		code = sdk.Unsupported
	case errors.Is(err, fs.ErrNotExist):
		code = sdk.NotFound
	case errors.Is(err, fs.ErrPermission):
		code = sdk.AccessDenied
	case errors.Is(err, target.ErrOutside), errors.Is(err, target.ErrOtherDrive):
	case errors.As(err, &pathError):
		code = sdk.Unavailable
	}
	return sdk.Errorf(code, "%v", err).WithPath("/path")
}
