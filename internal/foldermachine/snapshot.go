package foldermachine

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// compared is what a snapshot holds.
func compared() []string {
	return []string{servicesDir, heldDir, tasksDir, filesDir, dataDir, stepsDir, marksDir, spentDir, bootFile, restartFile}
}

// asideForm is the name that undoing a rename gives what was made under the old name meanwhile.
var asideForm = regexp.MustCompile(`\.set-aside-[0-9]+$`)

// Snapshot reads the state that counts: the text of each file by its path, and "data/cache/" with an empty text for each
// folder. What was set aside is left out; see [Machine.SetAside]. Services that are triggered start by themselves: call
// [Machine.Trigger] before each of two snapshots that are compared.
func (m Machine) Snapshot() (map[string]string, error) {
	state, _, err := m.read()
	return state, err
}

// SetAside reads what undoing a rename has set aside, as Snapshot does: what services made under a name that an action
// had taken away. It is kept, and is no part of the state before.
func (m Machine) SetAside() (map[string]string, error) {
	_, aside, err := m.read()
	return aside, err
}

func (m Machine) read() (state, aside map[string]string, err error) {
	state, aside = map[string]string{}, map[string]string{}
	for _, root := range compared() {
		if err := m.readInto(root, state, aside); err != nil {
			return nil, nil, err
		}
	}
	return state, aside, nil
}

// readInto reads a file or folder with everything below it. What is set aside goes into a map of its own, whole.
func (m Machine) readInto(name string, state, aside map[string]string) error {
	if asideForm.MatchString(name) {
		state = aside
	}
	kind, err := m.kind(name)
	switch {
	case err != nil || kind == "":
		return err
	case kind == "file":
		text, err := readFile(m.path(name))
		state[name] = string(text)
		return err
	}
	if path.Dir(name) != "." { // the folders that every machine has say nothing
		state[name+"/"] = ""
	}
	entries, err := os.ReadDir(m.path(name))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := m.readInto(name+"/"+e.Name(), state, aside); err != nil {
			return err
		}
	}
	return nil
}

// Diff says in which paths two snapshots differ, one line each, sorted; nothing when they are the same.
func Diff(before, after map[string]string) []string {
	paths := map[string]bool{}
	for _, s := range []map[string]string{before, after} {
		for p := range s {
			paths[p] = true
		}
	}
	var lines []string
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		was, wasThere := before[p]
		is, isThere := after[p]
		switch {
		case !wasThere:
			lines = append(lines, fmt.Sprintf("%s: only in the second: %q", p, is))
		case !isThere:
			lines = append(lines, fmt.Sprintf("%s: only in the first: %q", p, was))
		case was != is:
			lines = append(lines, fmt.Sprintf("%s: %q in the first, %q in the second", p, was, is))
		}
	}
	return lines
}

// asideName is a free name for what is to be set aside.
func (m Machine) asideName(name string) (string, error) {
	for n := 1; ; n++ {
		free := name + ".set-aside-" + strconv.Itoa(n)
		taken, err := m.exists(free)
		if !taken || err != nil {
			return free, err
		}
	}
}

// filesBelow lists the regular files below a folder by their paths in it, sorted.
func (m Machine) filesBelow(name string) ([]string, error) {
	var files []string
	root := m.path(name)
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		files = append(files, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(files)
	return files, err
}
