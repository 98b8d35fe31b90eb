package target

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

func machine(t *testing.T) *Target {
	t.Helper()
	m, err := Open(Spec{Kind: Live})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestLiveMachine(t *testing.T) {
	m := machine(t)
	if !m.HasWindows() {
		t.Error("it has no Windows")
	}
	root := layOut(t, "Folder/Sub/File.TXT", "Folder/b")
	if got, want := m.Display(strings.ToLower(root)+`\FOLDER\sub\file.txt`), filepath.Join(root, `Folder\Sub\File.TXT`); !strings.EqualFold(got, want) || !strings.HasSuffix(got, `\Folder\Sub\File.TXT`) {
		t.Errorf("Display = %q, want %q", got, want)
	}
	got, err := m.Glob(root + `\FOLD*\*`)
	if want := []string{filepath.Join(root, `Folder\Sub`), filepath.Join(root, `Folder\b`)}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Glob = %q, %v; want %q", got, err, want)
	}
	f, err := m.Open(root + `/folder/sub/file.txt`)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "Folder/Sub/File.TXT" {
		t.Errorf("read %q, %v", b, err)
	}
	for name, path := range map[string]string{"folder": root + `\Folder`, "drive": `C:\`, "upwards": root + `\Folder\..\x`, "device": root + `\nul`, "dot-behind": root + `\Folder\b.`, "missing": root + `\none\x`} {
		if f, err := m.Open(path); err == nil {
			f.Close()
			t.Errorf("%s is opened", name)
		}
	}
}

func TestLivePathsBeyondTheLongest(t *testing.T) {
	m := machine(t)
	root := layOut(t, "x")
	for range 10 {
		f, err := m.Folder(root)
		if err != nil {
			t.Fatal(err)
		}
		part := strings.Repeat("d", 50)
		if err := errors.Join(f.MakeFolder(part), f.Close()); err != nil {
			t.Fatal(err)
		}
		root += `\` + part
	}
	f := folder(t, m, root)
	file, err := f.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Close(), f.Rename("x", "y")); err != nil {
		t.Error(err)
	}
	if info, err := m.Stat(root + `\Y`); err != nil || info.IsDir() {
		t.Errorf("it is not found: %v", err)
	}
	if entries, err := m.ReadDir(root); err != nil || len(entries) != 1 || entries[0].Name() != "y" {
		t.Errorf("there is %v, %v", entries, err)
	}
}

// A file that a process has open without sharing is still looked at, and told as in use by what would read or rename it.
func TestLiveHeldFile(t *testing.T) {
	for name, kind := range map[string]Kind{"live": Live, "offline": Offline} {
		t.Run(name, func(t *testing.T) {
			root := layOut(t, "w/x")
			on, path := machine(t), root+`\w`
			if kind == Offline {
				var err error
				if on, err = Open(Spec{Kind: Offline, Root: root}); err != nil {
					t.Fatal(err)
				}
				defer on.Close()
				path = `C:\w`
			}
			p, err := windows.UTF16PtrFromString(filepath.Join(root, "w", "x"))
			if err != nil {
				t.Fatal(err)
			}
			h, err := windows.CreateFile(p, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			f := folder(t, on, path)
			e, err := f.Look("x")
			if err != nil || e.Kind != FileEntry || e.Size != 3 || e.ID == "" {
				t.Errorf("Look: %+v, %v", e, err)
			}
			if info, err := on.Stat(path + `\X`); err != nil || info.Size() != 3 {
				t.Errorf("Stat: %v, %v", info, err)
			}
			_, reading := f.Open("x")
			_, opening := on.Open(path + `\x`)
			for call, err := range map[string]error{"Folder.Open": reading, "Open": opening, "Rename": f.Rename("x", "y"), "Remove": f.Remove("x")} {
				if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), `w\x: is in use`) {
					t.Errorf("%s: %v", call, err)
				}
			}
			if err := windows.CloseHandle(h); err != nil {
				t.Fatal(err)
			}
			if err := f.Rename("x", "y"); err != nil {
				t.Error(err)
			}
			if again, err := f.Look("y"); err != nil || !again.Same(e) {
				t.Errorf("%+v is not known again as %+v, %v", e, again, err)
			}
		})
	}
}

// A name of which Windows would take something off is no way to another file.
func TestCutNames(t *testing.T) {
	f := folder(t, machine(t), layOut(t, "x", "nul.txt/"))
	for _, name := range []string{"x.", "x ", "x. ."} {
		if e, err := f.Look(name); err == nil {
			t.Errorf("%q is %+v", name, e)
		}
		if err := f.Rename(name, "y"); err == nil {
			t.Errorf("%q is renamed", name)
		}
	}
	if e, err := f.Look("nul"); err == nil || errors.Is(err, ErrOutside) || !strings.Contains(err.Error(), "device") {
		t.Errorf("a device: %+v, %v", e, err)
	}
}
