package kept

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/sdk"
)

// open opens a file as another process may, and gives what closes it.
func open(t *testing.T, path string, share uint32) func() {
	t.Helper()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return func() { windows.CloseHandle(h) }
}

func TestHeldByOthers(t *testing.T) {
	calls := map[string]struct {
		share uint32
		call  func(dir string) error
	}{
		"write-while-it-is-read":  {windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE, func(dir string) error { return Write(dir, name, begun{Version: 2}) }},
		"write-while-it-is-alone": {0, func(dir string) error { return Write(dir, name, begun{Version: 2}) }},
		"drop-while-it-is-read":   {windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE, func(dir string) error { return Drop(dir, name) }},
		"read-while-it-is-alone":  {0, func(dir string) error { _, err := Read(dir, name, &begun{}); return err }},
	}
	for name, c := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := Write(dir, "begun.json", begun{Version: 1}); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "begun.json")
			closeIt := open(t, path, c.share)
			err := c.call(dir)
			closeIt()
			wantError(t, err, sdk.Unavailable, "") // it is not waited for without end
			var got begun
			if found, err := Read(dir, "begun.json", &got); !found || err != nil || got.Version != 1 {
				t.Errorf("what was kept is not as it was: %v %+v %v", found, got, err)
			}

			closeIt = open(t, path, c.share)
			timer := time.AfterFunc(5*pause, closeIt)
			defer timer.Stop()
			if err := c.call(dir); err != nil {
				t.Errorf("held for an instant: %v", err)
			}
		})
	}
}

func TestLongPaths(t *testing.T) {
	dir := t.TempDir()
	for len(dir) < 400 {
		dir = filepath.Join(dir, strings.Repeat("folder", 10))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, name, begun{Version: 1}); err != nil {
		t.Fatal(err)
	}
	var got begun
	if found, err := Read(dir, name, &got); !found || err != nil || got.Version != 1 {
		t.Errorf("%v %+v %v", found, got, err)
	}
	if err := Drop(dir, name); err != nil {
		t.Error(err)
	}
	wantFiles(t, dir)
}

func TestLong(t *testing.T) {
	deep := strings.Repeat(`\folder`, 50)
	for name, c := range map[string]struct{ path, want string }{
		"short":    {`C:\a`, `C:\a`},
		"drive":    {`C:` + deep + `\.\a`, `\\?\C:` + deep + `\a`},
		"share":    {`\\server\share` + deep, `\\?\UNC\server\share` + deep},
		"as-it-is": {`\\?\C:` + deep, `\\?\C:` + deep},
		"relative": {deep[1:], deep[1:]},
	} {
		t.Run(name, func(t *testing.T) {
			if got := long(c.path); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestNamesOfDevices(t *testing.T) {
	for _, name := range []string{"nul", "COM1", "con.json"} {
		wantError(t, Write(t.TempDir(), name, begun{}), sdk.Internal, "nothing can be kept as")
	}
}
