package trust

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/elevation"
)

// TestWritableByList lets others write the executable or its folder. Wine keeps of a list what a file's mode can say: what
// everybody may do, and the owner.
func TestWritableByList(t *testing.T) {
	standing, err := elevation.Read()
	if err != nil {
		t.Fatal(err)
	}
	if standing.Elevated {
		t.Skip("the temporary files of this account may be written without its rights: all of them are refused")
	}
	for name, x := range map[string]struct{ below, list, tells string }{
		"as-it-is":               {"", "", ""},
		"everybody-reads":        {"rectify-plugin-x.exe", "D:(A;;FA;;;OW)(A;;FR;;;WD)", ""},
		"file-by-everybody":      {"rectify-plugin-x.exe", "D:(A;;FA;;;WD)", "rectify-plugin-x.exe may be written by S-1-1-0"},
		"folder-by-everybody":    {".", "D:(A;OICI;FA;;;WD)", " may be written by S-1-1-0"},
		"everybody-adds-to-file": {"rectify-plugin-x.exe", "D:(A;;FRFW;;;WD)", "rectify-plugin-x.exe may be written by S-1-1-0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "rectify-plugin-x.exe")
			if err := os.WriteFile(path, []byte("x"), 0o700); err != nil {
				t.Fatal(err)
			}
			if x.list != "" {
				setList(t, filepath.Join(dir, x.below), x.list)
			}
			_, err := Read(path)
			if x.tells == "" && err != nil || x.tells != "" && (err == nil || !strings.Contains(err.Error(), x.tells) || !strings.Contains(err.Error(), "Program Files")) {
				t.Errorf("got %v, want it to tell %q", err, x.tells)
			}
		})
	}
}

func setList(t *testing.T, path, sddl string) {
	t.Helper()
	d, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := d.DACL()
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil); err != nil {
		t.Fatal(err)
	}
}

func TestHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.exe")
	if err := os.WriteFile(path, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	held, err := Hold(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Hold(path)
	if err != nil {
		t.Fatalf("held twice: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "x" {
		t.Errorf("it cannot be read: %q, %v", got, err)
	}
	if err := os.Rename(path, path+".old"); err == nil {
		t.Error("it was moved away")
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := Hold(path); err == nil {
		t.Error("a file that somebody has open for writing was taken")
	}
}
