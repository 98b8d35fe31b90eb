package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// makeParents opens the folder that a member goes to, and makes those on the way. The folder is to itself where the name
// has no separator; else the caller closes it.
func makeParents(to *target.Folder, name string) (parent *target.Folder, last string, err error) {
	at := to
	for {
		part, rest, more := strings.Cut(name, "/")
		if !more {
			return at, name, nil
		}
		err := at.MakeFolder(part)
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
		var next *target.Folder
		if err == nil {
			next, err = at.Folder(part)
		}
		if at != to {
			at.Close()
		}
		if err != nil {
			return nil, "", err
		}
		at, name = next, rest
	}
}

// foldersOf lists the folders that members are in, each before the one that it is in.
func foldersOf(members []member) []string {
	var folders []string
	for _, m := range members {
		for i, c := range m.Name {
			if c == '/' {
				folders = append(folders, m.Name[:i])
			}
		}
	}
	slices.Sort(folders)
	slices.Reverse(folders)
	return slices.Compact(folders)
}

// differs says how a folder is not exactly what was unpacked to it; nothing when it is.
func differs(ctx context.Context, folder *target.Folder, name string, members []member) (string, error) {
	there, err := folder.Look(name)
	if err != nil {
		return "", err
	}
	if there.Kind != target.FolderEntry {
		return fmt.Sprintf("it is a %s", there.Kind), nil
	}
	expected := map[string]member{}
	for _, m := range members {
		expected[m.Name] = m
	}
	for _, f := range foldersOf(members) {
		expected[f] = member{Name: f, Size: -1}
	}
	root, err := folder.Folder(name)
	if err != nil {
		return "", err
	}
	defer root.Close()
	wrong, err := compare(ctx, root, "", expected)
	if wrong != "" || err != nil {
		return wrong, err
	}
	for _, m := range members {
		if _, missing := expected[m.Name]; missing {
			return m.Name + " is gone", nil
		}
	}
	return "", nil
}

// compare holds a folder to what is expected of it, and takes what it finds off the list; a size of -1 is a folder.
func compare(ctx context.Context, folder *target.Folder, prefix string, expected map[string]member) (string, error) {
	entries, err := folder.ReadDir()
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		name := prefix + e.Name()
		m, known := expected[name]
		if !known {
			return name + " was not unpacked", nil
		}
		delete(expected, name)
		there, err := folder.Look(e.Name())
		if err != nil {
			return "", err
		}
		isFolder := m.Size < 0
		switch {
		case isFolder != (there.Kind == target.FolderEntry), !isFolder && (there.Kind != target.FileEntry || there.Size != m.Size):
			return name + " is another one", nil
		case isFolder:
			sub, err := folder.Folder(e.Name())
			if err != nil {
				return "", err
			}
			wrong, err := compare(ctx, sub, name+"/", expected)
			sub.Close()
			if wrong != "" || err != nil {
				return wrong, err
			}
		default:
			have, err := contentOf(ctx, folder, e.Name())
			if err != nil {
				return "", err
			}
			if have.Sha256 != m.Sha256 {
				return name + " is another one", nil
			}
		}
	}
	return "", nil
}

// removeUnpacked deletes a folder with the members that are in it, if it is there. It knows what it deletes by name:
// where anything else is in the folder, that stays, and so does the folder, with an error.
func removeUnpacked(ctx context.Context, call *sdk.Call, folder *target.Folder, name string, members []member) error {
	there, err := folder.Look(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case there.Kind != target.FolderEntry:
		return spared("%s is a %s, a folder was expected", folder.Join(name), there.Kind)
	}
	root, err := folder.Folder(name)
	if err != nil {
		return err
	}
	err = removeMembers(ctx, call, root, members)
	if err := errors.Join(err, root.Close()); err != nil {
		return err
	}
	if err := folder.Remove(name); err != nil {
		return spared("%s cannot be deleted; something in it may not have been unpacked: %v", folder.Join(name), err)
	}
	return nil
}

func removeMembers(ctx context.Context, call *sdk.Call, root *target.Folder, members []member) error {
	for i, m := range members {
		if err := ctx.Err(); err != nil {
			return err
		}
		call.Progress(sdk.Progress{Done: int64(i), Total: int64(len(members)), Unit: "files", Note: "deleting " + m.Name})
		if err := inFolder(root, m.Name, removeFile); err != nil {
			return err
		}
	}
	for _, f := range foldersOf(members) {
		err := inFolder(root, f, func(parent *target.Folder, name string) error {
			if _, err := parent.Look(name); errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return parent.Remove(name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inFolder does something to what has a relative path; where a folder on the way is not there, nothing is to be done.
func inFolder(root *target.Folder, path string, do func(parent *target.Folder, name string) error) error {
	part, rest, more := strings.Cut(path, "/")
	if !more {
		return do(root, path)
	}
	sub, err := root.Folder(part)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer sub.Close()
	return inFolder(sub, rest, do)
}
