package folders

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/sdk/target"
)

// Suite tries what is relied upon of the file system of the running Windows. What changes something does so in a new folder
// below that for temporary files.
func Suite() conformance.Suite {
	looks, changes := []string{"file.stat", "file.rename", "file.copy", "file.expand"}, []string{"file.rename", "file.copy", "file.expand"}
	rename := []string{"ntdll!NtCreateFile", "ntdll!NtSetInformationFile"}
	return conformance.Suite{Name: "folders", Checks: []conformance.Check{
		{Name: "a path is found in any case and told as the disk has it", Serves: looks, Run: live(spelled),
			API: []string{"kernel32!GetFileAttributesExW", "kernel32!FindFirstFileW", "ntdll!NtCreateFile"}},
		{Name: "a file has a number that no other has", Serves: changes, Run: live(numbered),
			API: []string{"ntdll!NtCreateFile", "kernel32!GetFileInformationByHandle"}},
		{Name: "nothing leads out of an opened folder", Serves: changes, Run: live(upwards), API: []string{"ntdll!NtCreateFile"}},
		{Name: "a junction is no way to change something", Serves: changes, Run: live(junction),
			API: []string{"ntdll!NtCreateFile", "kernel32!GetFileInformationByHandleEx"}},
		{Name: "a symbolic link is no way to change something", Serves: changes, Changes: true, Run: scratch(symlink), API: []string{"kernel32!CreateSymbolicLinkW"}},
		{Name: "a folder is renamed with what is in it, and known again", Serves: []string{"file.rename"}, Changes: true, Run: scratch(renamed), API: rename},
		{Name: "a rename replaces nothing, in no case", Serves: []string{"file.rename"}, Changes: true, Run: scratch(notReplaced), API: rename},
		{Name: "a file that is open without sharing is not renamed", Serves: []string{"file.rename"}, Changes: true, Run: scratch(fileHeld), API: rename},
		{Name: "a folder in which a file is open is not renamed", Serves: []string{"file.rename"}, Changes: true, Run: scratch(folderHeld), API: rename},
		{Name: "a file that is looked at can be deleted meanwhile", Serves: []string{"file.stat"}, Changes: true, Run: scratch(lookedAt), API: []string{"kernel32!CreateFileW"}},
		{Name: "a part of a file that is locked cannot be read", Serves: []string{"file.copy", "file.expand"}, Changes: true, Run: scratch(locked),
			API: []string{"kernel32!LockFileEx", "kernel32!ReadFile"}},
	}}
}

func live(try func(*target.Target) error) func(context.Context) error {
	return func(context.Context) error {
		t, err := target.Open(target.Spec{Kind: target.Live})
		if err != nil {
			return err
		}
		return errors.Join(try(t), t.Close())
	}
}

// place is a new folder, opened for changes.
type place struct {
	*target.Folder
	target *target.Target
	path   string
}

func (p place) at(name string) string { return filepath.Join(p.path, name) }

func (p place) write(names ...string) error {
	for _, name := range names {
		if err := errors.Join(os.MkdirAll(filepath.Dir(p.at(name)), 0o755), os.WriteFile(p.at(name), []byte(name), 0o600)); err != nil {
			return err
		}
	}
	return nil
}

func scratch(try func(place) error) func(context.Context) error {
	return live(func(t *target.Target) (err error) {
		path, err := os.MkdirTemp("", "rectify-conformance-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(path)) }()
		folder, err := t.Folder(path)
		if err != nil {
			return err
		}
		defer folder.Close()
		return try(place{folder, t, path})
	})
}

func spelled(t *target.Target) error {
	folder, err := t.Folder(`%SYSTEMROOT%\SYSTEM32`)
	if err != nil {
		return err
	}
	defer folder.Close()
	entry, err := folder.Look("KERNEL32.dll")
	if err != nil {
		return err
	}
	entries, err := folder.ReadDir()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), entry.Name) {
			if shown := t.Display(`%SystemRoot%\system32\KeRnEl32.DLL`); e.Name() != entry.Name || shown != folder.Join(e.Name()) {
				return conformance.Differs("it is listed as %q, and told as %q and %q", e.Name(), entry.Name, shown)
			}
			return nil
		}
	}
	return conformance.Differs("%s is not in the list of its folder", entry.Name)
}

func numbered(t *target.Target) error {
	folder, err := t.Folder(`%SystemRoot%\System32`)
	if err != nil {
		return err
	}
	defer folder.Close()
	kernel, err := folder.Look("kernel32.dll")
	again, errAgain := folder.Look("kernel32.dll")
	other, errOther := folder.Look("ntdll.dll")
	switch err := errors.Join(err, errAgain, errOther); {
	case err != nil:
		return err
	case kernel.ID == "":
		return conformance.Missing("it has none")
	case kernel != again || kernel.ID == other.ID:
		return conformance.Differs("one file is %+v, then %+v, and another %+v", kernel, again, other)
	}
	return nil
}

func upwards(t *target.Target) error {
	folder, err := t.Folder(`%SystemRoot%\System32`)
	if err != nil {
		return err
	}
	defer folder.Close()
	root, err := os.OpenRoot(folder.Path())
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range []string{`..`, `..\System32`, `drivers\..\..`, folder.Path()} {
		if _, err := root.Stat(name); err == nil {
			return conformance.Differs("%q leads out of %s", name, folder.Path())
		}
	}
	if _, err := folder.Look(".."); err == nil {
		return conformance.Differs("the folder above is found")
	}
	return nil
}

// junction tries one that every Windows has for programs of Windows XP.
func junction(t *target.Target) error {
	const path = `%SystemDrive%\Documents and Settings`
	if _, err := os.Lstat(t.Display(path)); errors.Is(err, fs.ErrNotExist) {
		return conformance.Inapplicable("there is no %s", t.Display(path))
	}
	return refusedAsLink(t, path)
}

func refusedAsLink(t *target.Target, path string) error {
	folder, err := t.Folder(path)
	if err == nil {
		folder.Close()
		return conformance.Differs("%s is opened for changes", t.Display(path))
	}
	if !errors.Is(err, target.ErrLink) {
		return conformance.Differs("%v", err)
	}
	return nil
}

func symlink(p place) error {
	if err := errors.Join(os.Mkdir(p.at("folder"), 0o755), p.write(`folder\x`)); err != nil {
		return err
	}
	if err := os.Symlink(p.at("folder"), p.at("link")); err != nil {
		return conformance.Inapplicable("%v", err)
	}
	if _, err := os.Lstat(p.at("link")); err != nil {
		return conformance.Missing("it is made without an error, and not there: %v", err)
	}
	entry, err := p.Look("link")
	if err != nil {
		return err
	}
	if entry.Kind != target.LinkEntry {
		return conformance.Differs("it is told as a %s", entry.Kind)
	}
	return refusedAsLink(p.target, p.at("link"))
}

func renamed(p place) error {
	if err := p.write(`old\deep\x`); err != nil {
		return err
	}
	before, err := p.Look("OLD")
	if err != nil {
		return err
	}
	if err := p.Rename("OLD", "new"); err != nil {
		return err
	}
	after, err := p.Look("new")
	if err != nil {
		return err
	}
	_, gone := p.Look("old")
	if b, err := os.ReadFile(p.at(`new\deep\x`)); !errors.Is(gone, fs.ErrNotExist) || !before.Same(after) || err != nil || string(b) != `old\deep\x` {
		return conformance.Differs("it was %+v and is %+v; the old name: %v; what is in it: %q, %v", before, after, gone, b, err)
	}
	return nil
}

func notReplaced(p place) error {
	if err := p.write("a", "b", `folder\x`); err != nil {
		return err
	}
	if err := os.Mkdir(p.at("empty"), 0o755); err != nil {
		return err
	}
	for _, to := range []string{"b", "B", "folder", "EMPTY"} {
		if err := p.Rename("a", to); !errors.Is(err, fs.ErrExist) {
			return conformance.Differs("a rename to %s, which is there: %v", to, err)
		}
	}
	if b, err := os.ReadFile(p.at("b")); err != nil || string(b) != "b" {
		return conformance.Differs("b holds %q, %v", b, err)
	}
	return nil
}

// hold opens a file in this process, without sharing.
func hold(path string) (release func() error, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return nil, err
	}
	return func() error { return windows.CloseHandle(h) }, nil
}

func fileHeld(p place) error {
	if err := p.write("x"); err != nil {
		return err
	}
	release, err := hold(p.at("x"))
	if err != nil {
		return err
	}
	entry, looked := p.Look("x")
	err = p.Rename("x", "y")
	freed := release()
	switch {
	case freed != nil:
		return freed
	case looked != nil || entry.Kind != target.FileEntry:
		return conformance.Differs("while it is open it is told as %+v, %v", entry, looked)
	case !errors.Is(err, target.ErrInUse):
		return conformance.Differs("the rename: %v", err)
	}
	return p.Rename("x", "y")
}

func folderHeld(p place) error {
	if err := p.write(`folder\x`); err != nil {
		return err
	}
	release, err := hold(p.at(`folder\x`))
	if err != nil {
		return err
	}
	err = p.Rename("folder", "other")
	if freed := release(); freed != nil {
		return freed
	}
	if !errors.Is(err, target.ErrInUse) {
		return conformance.Differs("the rename: %v", err)
	}
	return p.Rename("folder", "other")
}

func lookedAt(p place) error {
	if err := p.write("x"); err != nil {
		return err
	}
	f, err := p.target.Open(p.at("x"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.Rename("x", "y"); err != nil {
		return conformance.Differs("its rename: %v", err)
	}
	if err := p.Remove("y"); err != nil {
		return conformance.Differs("its deletion: %v", err)
	}
	return nil
}

func locked(p place) error {
	if err := p.write("x"); err != nil {
		return err
	}
	f, err := os.OpenFile(p.at("x"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	h := windows.Handle(f.Fd())
	const how = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(h, how, 0, 1, 0, new(windows.Overlapped)); err != nil {
		return err
	}
	defer func() { _ = windows.UnlockFileEx(h, 0, 1, 0, new(windows.Overlapped)) }() // closing the file unlocks it too
	reader, err := p.target.Open(p.at("x"))
	if err != nil {
		return conformance.Differs("to open it: %v", err)
	}
	defer reader.Close()
	if _, err := reader.Read(make([]byte, 1)); !errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return conformance.Differs("to read it: %v", err)
	}
	return nil
}
