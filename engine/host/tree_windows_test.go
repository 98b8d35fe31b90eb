package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk"
)

func TestJobs(t *testing.T) {
	conformtest.Run(t, Jobs(), conformtest.Known{
		"a job says that its processes may leave it": "differs: its limits read back as 0x0", // they work nevertheless
	})
}

// TestProgramIsHeld makes sure that nobody puts another program in the place of this one, which plugins are started from.
func TestProgramIsHeld(t *testing.T) {
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rectify.exe")
	if err := os.WriteFile(path, self, 0o700); err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{Linked: []sdk.Plugin{testPlugin("good")}, ServeArgs: serveArgs, Executable: path, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if moved, written := os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o700); moved == nil || written == nil {
		t.Errorf("moved: %v, written: %v", moved, written)
	}
	if _, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "greet"}, Events{}); err != nil {
		t.Errorf("it cannot be started: %v", err)
	}
	h.Close()
	if err := os.Rename(path, path+".old"); err != nil {
		t.Errorf("it is held still: %v", err)
	}
}
