package target

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// folder opens a folder of a disk until the test ends.
func folder(t *testing.T, d *Target, path string) *Folder {
	t.Helper()
	f, err := d.Folder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFolderSpellings(t *testing.T) {
	d := disk(t, "Windows/Logs/CBS/", "100%windir%/x")
	for name, c := range map[string]struct{ path, want string }{
		"root":           {`C:\`, `C:\`},
		"any-case":       {`c:\WINDOWS\logs`, `C:\Windows\Logs`},
		"variable":       {`%SystemRoot%\Logs\CBS`, `C:\Windows\Logs\CBS`},
		"as-it-is-shown": {`C:\100%windir%`, `C:\100%windir%`},
	} {
		t.Run(name, func(t *testing.T) {
			f := folder(t, d, c.path)
			if f.Path() != c.want || f.Join("x") != strings.TrimSuffix(c.want, `\`)+`\x` {
				t.Errorf("path %q, joined %q", f.Path(), f.Join("x"))
			}
		})
	}
}

func TestParent(t *testing.T) {
	d := disk(t, "Windows/Logs/a.log", "100%windir%/x", "link -> Windows")
	for name, c := range map[string]struct {
		path, folder, name string
		is                 error
		says               string
	}{
		"there":             {path: `%windir%\LOGS\A.LOG`, folder: `C:\Windows\Logs`, name: "A.LOG"},
		"not-there":         {path: `%windir%\logs\b.log`, folder: `C:\Windows\Logs`, name: "b.log"},
		"in-the-root":       {path: `\x`, folder: `C:\`, name: "x"},
		"behind-a-variable": {path: `C:\100%windir%\X`, folder: `C:\100%windir%`, name: "X"},
		"a-link":            {path: `C:\link`, folder: `C:\`, name: "link"},
		"below-a-link":      {path: `C:\link\x`, is: ErrLink},
		"no-folder":         {path: `C:\nowhere\x`, is: fs.ErrNotExist},
		"root":              {path: `C:\`, says: "this is a drive"},
		"wildcard":          {path: `C:\Windows\*`, says: "without wildcards"},
		"wildcard-folder":   {path: `C:\Win*\x`, says: "bare name"},
		"upwards":           {path: `C:\Windows\..\x`, is: ErrOutside},
		"other-drive":       {path: `D:\x`, is: ErrOtherDrive},
	} {
		t.Run(name, func(t *testing.T) {
			skipLink(t, name)
			f, last, err := d.Parent(c.path)
			if c.folder == "" {
				if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error %v, want %v, holding %q", err, c.is, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.Path() != c.folder || last != c.name {
				t.Errorf("Parent(%q) = %q, %q", c.path, f.Path(), last)
			}
		})
	}
}

// A folder that leads out of the disk, or round in it, is no place for changes.
func TestFolderRefusesLinks(t *testing.T) {
	skipLink(t, "link")
	outside := layOut(t, "secret/x")
	d := disk(t, "Windows/x", "abs -> "+outside, "up -> ..", "inside -> Windows", "file -> Windows/x", "gone -> nowhere")
	for name, path := range map[string]string{
		"leads-out": `C:\abs`, "through-one": `C:\abs\secret`, "upwards": `C:\up`, "stays-inside": `C:\inside`, "to-a-file": `C:\file`, "to-nothing": `C:\gone`,
	} {
		t.Run(name, func(t *testing.T) {
			if f, err := d.Folder(path); !errors.Is(err, ErrLink) {
				t.Errorf("Folder(%q): %v, %v", path, f, err)
			}
		})
	}
	if _, err := d.Folder(`C:\Windows\x`); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a file as a folder: %v", err)
	}
	root := folder(t, d, `C:\`)
	if _, err := root.Open("file"); !errors.Is(err, ErrLink) {
		t.Errorf("a link was opened: %v", err)
	}
	for _, name := range []string{"abs", "gone"} { // a link that is in the way is neither followed nor replaced
		if f, err := root.Create(name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Create(%q): %v, %v", name, f, err)
		}
		if err := root.MakeFolder(name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("MakeFolder(%q): %v", name, err)
		}
		if err := root.Rename("Windows", name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Rename to %q: %v", name, err)
		}
		if err := root.Remove(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(outside, "secret", "x")); err != nil {
		t.Errorf("something outside was changed: %v", err)
	}
}

func TestFolderRefusesNames(t *testing.T) {
	d := disk(t, "w/x")
	f := folder(t, d, `C:\w`)
	for name, bad := range map[string]string{"upwards": "..", "self": ".", "empty": "", "below": `a\b`, "slash": "../x", "absolute": "/etc", "stream": "x:y", "wildcard": "*", "nul": "x\x00"} {
		t.Run(name, func(t *testing.T) {
			_, look := f.Look(bad)
			_, open := f.Open(bad)
			_, sub := f.Folder(bad)
			_, create := f.Create(bad)
			for op, err := range map[string]error{"Look": look, "Open": open, "Folder": sub, "Create": create,
				"MakeFolder": f.MakeFolder(bad), "Rename": f.Rename("x", bad), "Rename from": f.Rename(bad, "y"), "Remove": f.Remove(bad)} {
				if err == nil {
					t.Errorf("%s(%q) is allowed", op, bad)
				}
			}
		})
	}
	if _, err := f.Create("NUL"); err == nil {
		t.Error("a device was made")
	}
}

func TestChanges(t *testing.T) {
	d := disk(t, "w/Old.txt", "w/full/x")
	f := folder(t, d, `C:\w`)
	file, err := f.Create("new.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString("text")
	if err := errors.Join(err, file.Sync(), file.Close(), f.MakeFolder("Sub"), f.Rename("OLD.TXT", "older.txt"), f.Rename("FULL", "kept"), f.Sync()); err != nil {
		t.Fatal(err)
	}
	got, err := d.Glob(`C:\w\*`)
	if want := []string{`C:\w\Sub`, `C:\w\kept`, `C:\w\new.txt`, `C:\w\older.txt`}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("there are %q, %v; want %q", got, err, want)
	}
	r, err := f.Open("NEW.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != "text" {
		t.Errorf("read %q, %v", b, err)
	}
	if entries, err := f.ReadDir(); err != nil || len(entries) != 4 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	sub := folder(t, d, `C:\w\sub`)
	if err := sub.MakeFolder("deep"); err != nil {
		t.Error(err)
	}
	if err := f.Remove("sub"); err == nil {
		t.Error("a folder that is not empty was removed")
	}
	if err := errors.Join(sub.Remove("deep"), f.Remove("SUB"), f.Remove("older.txt")); err != nil {
		t.Error(err)
	}
	if err := f.Remove("older.txt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
}

// What exists is never replaced, also where it differs in case only.
func TestNothingIsReplaced(t *testing.T) {
	d := disk(t, "w/a", "w/B", "w/empty/", "w/full/x")
	f := folder(t, d, `C:\w`)
	for name, to := range map[string]string{"file": "B", "other-case": "b", "empty-folder": "EMPTY", "folder": "full", "itself": "a", "itself-in-another-case": "A"} {
		t.Run(name, func(t *testing.T) {
			_, create := f.Create(to)
			for op, err := range map[string]error{"Rename": f.Rename("a", to), "Create": create, "MakeFolder": f.MakeFolder(to)} {
				if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), `C:\w\`+to) {
					t.Errorf("%s: %v", op, err)
				}
			}
		})
	}
	for name, content := range map[string]string{"a": "w/a", "B": "w/B"} {
		if b, err := os.ReadFile(filepath.Join(d.Spec().Root, "w", name)); err != nil || string(b) != content {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
	if err := f.Rename("missing", "c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// The kernel itself refuses to replace, and so does the way round where it cannot.
func TestRenameNoReplace(t *testing.T) {
	d := disk(t, "w/a", "w/b", "w/c")
	f := folder(t, d, `C:\w`)
	for name, rename := range map[string]func(from, to string) error{
		"kernel":  f.renameNoReplace,
		"checked": func(from, to string) error { return renameChecked(f.tree.root, from, to) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := rename("a", "b"); !errors.Is(err, fs.ErrExist) {
				t.Errorf("onto a file: %v", err)
			}
			if err := errors.Join(rename("c", "d"), rename("d", "c")); err != nil {
				t.Error(err)
			}
			if err := rename("missing", "d"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that is not there: %v", err)
			}
		})
	}
}

// A folder that was opened stays the one that is changed, wherever its path leads to meanwhile.
func TestFolderIsSwappedWhileOpen(t *testing.T) {
	skipLink(t, "link")
	outside := layOut(t, "x")
	d := disk(t, "w/sub/x")
	root := d.Spec().Root
	f := folder(t, d, `C:\w\sub`)
	if err := os.Rename(filepath.Join(root, "w", "sub"), filepath.Join(root, "moved")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "w", "sub")); err != nil {
		t.Fatal(err)
	}
	file, err := f.Create("made")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Close(), f.Rename("x", "y"), f.Sync()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"made", "y"} {
		if _, err := os.Stat(filepath.Join(root, "moved", name)); err != nil {
			t.Error(err)
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 || entries[0].Name() != "x" {
		t.Errorf("outside there are %v, %v", entries, err)
	}
}

// While a folder in the middle of the path is swapped for a link and back, no change reaches what the link leads to.
func TestFolderIsSwappedWhileOpened(t *testing.T) {
	skipLink(t, "link")
	outside := layOut(t, "sub/")
	d := disk(t, "w/sub/", "inside/sub/")
	root := d.Spec().Root
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("inside", filepath.Join(root, "link2")); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		at := func(name string) string { return filepath.Join(root, name) }
		for i := 0; ; i++ {
			link := []string{"link", "link2"}[i%2]
			err := errors.Join(os.Rename(at("w"), at("aside")), os.Rename(at(link), at("w")), os.Rename(at("w"), at(link)), os.Rename(at("aside"), at("w")))
			select {
			case <-stop:
				stopped <- err
				return
			default:
			}
			if err != nil {
				<-stop
				stopped <- err
				return
			}
		}
	}()
	made, refused := 0, 0
	for made+refused < 2000 {
		f, err := d.Folder(`C:\w\sub`)
		if err != nil {
			refused++
			continue
		}
		if err := f.MakeFolder("made"); err != nil {
			t.Error(err)
		}
		if err := f.Remove("made"); err != nil {
			t.Error(err)
		}
		for _, wrong := range []string{filepath.Join(outside, "sub"), filepath.Join(root, "inside", "sub")} {
			if info, err := os.Stat(wrong); err != nil || os.SameFile(info, mustStat(t, f)) {
				t.Errorf("%s was opened through a link (%v)", wrong, err)
			}
		}
		f.Close()
		made++
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	t.Logf("opened %d times, refused %d times", made, refused)
}

func mustStat(t *testing.T, f *Folder) fs.FileInfo {
	t.Helper()
	info, err := f.dir.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestLookKnowsAgain(t *testing.T) {
	d := disk(t, "w/file", "w/folder/", "w/link -> file")
	root := d.Spec().Root
	f := folder(t, d, `C:\w`)
	kinds := map[string]EntryKind{"file": FileEntry, "folder": FolderEntry}
	if canLink() {
		kinds["link"] = LinkEntry
	}
	for name, kind := range kinds {
		before, err := f.Look(strings.ToUpper(name))
		if err != nil || before.Name != name || before.Kind != kind {
			t.Fatalf("%s: %+v, %v", name, before, err)
		}
		b, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		var kept Entry
		if err := json.Unmarshal(b, &kept); err != nil || kept != before {
			t.Errorf("%+v is kept as %s", before, b)
		}
		if err := f.Rename(name, name+"2"); err != nil {
			t.Fatal(err)
		}
		switch kind {
		case FileEntry:
			err = os.WriteFile(filepath.Join(root, "w", name+"2"), []byte("longer than before"), 0o644)
		case FolderEntry:
			err = os.WriteFile(filepath.Join(root, "w", name+"2", "new"), nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		after, err := f.Look(name + "2")
		if err != nil || !after.Same(kept) {
			t.Errorf("%+v is not known again as %+v, %v", kept, after, err)
		}
	}
	if _, err := f.Look("nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

func TestSame(t *testing.T) {
	file := Entry{Name: "a", Kind: FileEntry, Size: 5, Modified: 1000, ID: "7", Born: 10}
	dir := Entry{Name: "d", Kind: FolderEntry, Modified: 1000, ID: "7", Born: 10}
	with := func(e Entry, change func(*Entry)) Entry { change(&e); return e }
	for name, c := range map[string]struct {
		a, b Entry
		want bool
	}{
		"renamed":                      {file, with(file, func(e *Entry) { e.Name = "b" }), true},
		"written-to":                   {file, with(file, func(e *Entry) { e.Size, e.Modified = 6, 2000 }), true},
		"another-kind":                 {file, dir, false},
		"number-given-again":           {file, with(file, func(e *Entry) { e.Born, e.Modified = 11, 2000 }), false},
		"put-back":                     {file, with(file, func(e *Entry) { e.Born = 11 }), true},
		"birth-not-known":              {file, with(file, func(e *Entry) { e.Born = 0 }), true},
		"another-number":               {file, with(file, func(e *Entry) { e.ID, e.Size = "8", 6 }), false},
		"another-number-made-up":       {file, with(file, func(e *Entry) { e.ID, e.Born = "8", 0 }), true},
		"no-number-file":               {file, with(file, func(e *Entry) { e.ID, e.Modified = "", 2000 }), false},
		"no-number-file-as-it-was":     {file, with(file, func(e *Entry) { e.ID = "" }), true},
		"no-number-folder":             {dir, with(dir, func(e *Entry) { e.ID, e.Modified = "", 2000 }), true},
		"another-number-folder":        {dir, with(dir, func(e *Entry) { e.ID, e.Modified = "8", 2000 }), false},
		"another-number-folder-as-was": {dir, with(dir, func(e *Entry) { e.ID = "8" }), true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.a.Same(c.b) != c.want || c.b.Same(c.a) != c.want {
				t.Errorf("%+v and %+v: want %v both ways", c.a, c.b, c.want)
			}
		})
	}
}

// Times of NTFS reach beyond what JSON's times can spell.
func TestEntryOfALateYear(t *testing.T) {
	d := disk(t, "w/x")
	late := time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(d.Spec().Root, "w", "x"), late, late); err != nil {
		t.Skipf("this file system has no such time: %v", err)
	}
	e, err := folder(t, d, `C:\w`).Look("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(e); err != nil {
		t.Error(err)
	}
}

// drives is a live machine whose drives are folders of a test.
type drives struct{ rootTree }

func (d drives) enter(parts []string) (*os.Root, []string, error) {
	root, err := d.root.OpenRoot(parts[0])
	return root, parts[1:], err
}

func TestFolderOfALiveMachine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has drives of its own, and no folder with the name of one")
	}
	root, err := os.OpenRoot(layOut(t, "C:/Windows/x", "D:/"))
	if err != nil {
		t.Fatal(err)
	}
	d := newTarget(Spec{Kind: Live}, drives{rootTree{root}}, liveVariables(nil))
	defer d.Close()
	f := folder(t, d, `%windir%`)
	if err := f.Rename("x", "y"); err != nil || f.Path() != `C:\Windows` {
		t.Errorf("%q: %v", f.Path(), err)
	}
	drive := folder(t, d, `D:\`)
	if err := drive.MakeFolder("new"); err != nil || drive.Path() != `D:\` || drive.Join("new") != `D:\new` {
		t.Errorf("%q: %v", drive.Path(), err)
	}
	if _, err := d.Folder(`E:\`); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a drive that is not there: %v", err)
	}
	if _, _, err := d.Parent(`C:\`); err == nil {
		t.Error("a drive is taken for something in a folder")
	}
	other, err := Open(Spec{Kind: Live})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Folder(`C:\Windows`); other.tree == nil && !errors.Is(err, ErrNotWindows) {
		t.Errorf("a live machine without Windows: %v", err)
	}
}
