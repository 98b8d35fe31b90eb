package disk

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// observe calls the probe as the host does.
func observe(t *testing.T, on target.Spec, input map[string]any) (SpaceOutput, sdk.Answer, error) {
	t.Helper()
	var out SpaceOutput
	answer, err := plugintest.Serve(t, Plugin()).Observe("space", on, input)
	if err != nil {
		return out, answer, err
	}
	if err := json.Unmarshal(answer.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, answer, nil
}

func plausible(t *testing.T, out SpaceOutput, a sdk.Answer) {
	t.Helper()
	percent := float64(out.Free) / float64(out.Total) * 100
	if out.Free < 0 || out.Total <= 0 || out.Free > out.Total || math.Abs(percent-out.FreePercent) > 0.01 {
		t.Errorf("%+v", out)
	}
	if len(a.Evidence) != 1 || a.Evidence[0].File != out.Volume || !strings.Contains(a.Evidence[0].Text, "are free") {
		t.Errorf("evidence %+v", a.Evidence)
	}
	if a.Partial != "" {
		t.Errorf("partial: %s", a.Partial)
	}
}

func TestLive(t *testing.T) {
	live := target.Spec{Kind: target.Live}
	root := "/"
	if runtime.GOOS == "windows" {
		root = strings.ToUpper(os.Getenv("SystemDrive")) + `\`
	}
	for name, input := range map[string]map[string]any{
		"default":     {},
		"named":       {"path": `%SystemDrive%\`},
		"bare-drive":  {"path": "%systemdrive%"},
		"native-root": {"path": root},
	} {
		t.Run(name, func(t *testing.T) {
			out, answer, err := observe(t, live, input)
			if err != nil {
				t.Fatal(err)
			}
			plausible(t, out, answer)
			if !sameFolder(out.Volume, root) {
				t.Errorf("volume %s, want %s", out.Volume, root)
			}
		})
	}
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		out, answer, err := observe(t, live, map[string]any{"path": dir})
		if err != nil {
			t.Fatal(err)
		}
		plausible(t, out, answer)
		if resolved, _ := filepath.EvalSymlinks(dir); !strings.HasPrefix(resolved, out.Volume) {
			t.Errorf("volume %s of %s", out.Volume, resolved)
		}
	})
}

func TestRefused(t *testing.T) {
	live := target.Spec{Kind: target.Live}
	copied := target.Spec{Kind: target.Offline, Root: windowsFolder(t)}
	for name, c := range map[string]struct {
		on   target.Spec
		path string
		code sdk.ErrorCode
		says string
	}{
		"missing":                {live, filepath.Join(t.TempDir(), "nope"), sdk.NotFound, "nope"},
		"offline-missing":        {copied, `C:\nope`, sdk.NotFound, `C:\nope`},
		"offline-other-drive":    {copied, `D:\`, sdk.InvalidInput, "another drive"},
		"offline-outside":        {copied, `C:\..\x`, sdk.InvalidInput, `".." is not allowed`},
		"offline-no-variable":    {copied, `%NoSuch%\`, sdk.InvalidInput, "%NoSuch%"},
		"copy-in-a-folder":       {copied, `%SystemDrive%\`, sdk.Unsupported, "the root is a folder, not a mounted volume: its free space says nothing of the disk"},
		"copy-in-a-folder-below": {copied, `%SystemRoot%`, sdk.Unsupported, "the root is a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := observe(t, c.on, map[string]any{"path": c.path})
			e := sdk.AsError(err)
			if err == nil || e.Code != c.code || !strings.Contains(e.Message, c.says) {
				t.Fatalf("got %s: %v; want %s: %s", e.Code, err, c.code, c.says)
			}
			if c.code == sdk.Unsupported && e.Hint == "" {
				t.Error("there is no hint what would settle it")
			}
		})
	}
}

func TestIsCopy(t *testing.T) {
	for name, c := range map[string]struct {
		root, mount, fileSystem string
		says                    string // "": it is the disk
	}{
		"ntfs":               {"/mnt/disk", "/mnt/disk", "ntfs", ""},
		"ntfs-as-windows":    {"/mnt/disk", "/mnt/disk/", "NTFS", ""},
		"refs":               {"/mnt/disk", "/mnt/disk", "ReFS", ""},
		"in-user-space":      {"/mnt/disk", "/mnt/disk", "", ""}, // ntfs-3g, dislocker: Linux does not say more
		"folder-of-ntfs":     {"/mnt/disk/copy", "/mnt/disk", "ntfs", "the root is a folder"},
		"folder-of-the-root": {"/srv/disk", "/", "ext4", "the root is a folder"},
		"ext4":               {"/mnt/usb", "/mnt/usb", "ext4", "the file system ext4"},
		"fat":                {"/mnt/usb", "/mnt/usb", "FAT32", "the file system FAT32"},
	} {
		t.Run(name, func(t *testing.T) {
			err := isCopy(c.root, c.mount, c.fileSystem)
			if c.says == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

func windowsFolder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "Windows", "System32"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestLinkToACopy makes sure that a link is not taken for a mounted volume.
func TestLinkToACopy(t *testing.T) {
	link := filepath.Join(t.TempDir(), "disk")
	if err := os.Symlink(windowsFolder(t), link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Skipf("symbolic links are reported as made here, and are not: %v", err)
	}
	_, _, err := observe(t, target.Spec{Kind: target.Offline, Root: link}, map[string]any{})
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unsupported {
		t.Errorf("got %v", err)
	}
}

// TestCopyOnAVolume takes volumes of this system, none of which a Windows was ever installed on, as the root.
func TestCopyOnAVolume(t *testing.T) {
	asked := 0
	for _, root := range []string{"/", "/dev/shm", "/System/Volumes/Data"} {
		info, err := os.Stat(root)
		if err != nil || !info.IsDir() {
			continue
		}
		name, err := fileSystem(root)
		if err != nil || !neverWindows(name) {
			continue
		}
		asked++
		_, _, err = observe(t, target.Spec{Kind: target.Offline, Root: root}, map[string]any{})
		e := sdk.AsError(err)
		if err == nil || e.Code != sdk.Unsupported || !strings.Contains(e.Message, "which Windows does not start from") || e.Hint == "" {
			t.Errorf("%s (%s): %v", root, name, err)
		}
	}
	if asked == 0 {
		t.Skip("no volume here has a file system that Windows does not start from")
	}
}

// TestNoVolumeOfADisk takes a root that is mounted and holds no space: no answer is made of nothing.
func TestNoVolumeOfADisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /proc everywhere")
	}
	for name, c := range map[string]struct {
		on   target.Spec
		path string
	}{
		"offline": {target.Spec{Kind: target.Offline, Root: "/proc"}, `C:\`},
		"live":    {target.Spec{Kind: target.Live}, "/proc/self/status"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := observe(t, c.on, map[string]any{"path": c.path})
			if e := sdk.AsError(err); err == nil || e.Code != sdk.Unsupported || !strings.Contains(e.Message, "has no size") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNativePathMustBeAbsolute(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows: paths are its own")
	}
	for _, path := range []string{"tmp", `C:\Windows`, `%SystemRoot%\Temp`, ""} {
		_, _, err := observe(t, target.Spec{Kind: target.Live}, map[string]any{"path": path})
		if e := sdk.AsError(err); err == nil || e.Code != sdk.InvalidInput || e.Path != "/path" {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestSizesBeyondInt64(t *testing.T) {
	if got := size(math.MaxUint64); got != math.MaxInt64 {
		t.Errorf("got %d", got)
	}
}
