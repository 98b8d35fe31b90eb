// Package registry is the registry of a Windows machine on a target. On a disk that is not running, the hives are the
// files below %SystemRoot%\System32\config, with what their transaction logs add to them.
//
// Nothing that is absent is guessed: that a key is not there ([ErrNoKey]), that a value is not there ([ErrNoValue]) and
// that a hive could not be read (a [*HiveError]) are different answers.
package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/sdk/target"
)

// Errors that callers branch on. Both come from a hive that was read.
var (
	ErrNoKey   = errors.New("the key does not exist")
	ErrNoValue = errors.New("the value does not exist")
)

// ErrLive is the error for the registry of a running machine.
var ErrLive = errors.New("the registry of a running machine cannot be read in this version")

// PathError says that a path names nothing that a registry on a disk can have.
type PathError struct {
	Path   string
	Reason string
}

func (e *PathError) Error() string { return fmt.Sprintf("%q: %s", e.Path, e.Reason) }

// HiveError says that a hive, and so anything in it, could not be read.
type HiveError struct {
	Hive string // SOFTWARE
	File string // C:\Windows\System32\config\SOFTWARE
	Err  error  // wraps fs.ErrNotExist where the file is missing
}

func (e *HiveError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("the registry hive %s is not on this disk (%s)", e.Hive, e.File)
	}
	return fmt.Sprintf("the registry hive %s cannot be read: %v", e.File, e.Err)
}

func (e *HiveError) Unwrap() error { return e.Err }

// Registry is the registry of a target. It is safe for use by several goroutines.
type Registry struct {
	target *target.Target

	mu    sync.Mutex
	hives map[string]*opened
}

type opened struct {
	hive  *hive.Hive
	err   error
	files []target.File
}

// Open opens the registry of a target. Each hive is opened when it is first asked for.
func Open(t *target.Target) (*Registry, error) {
	if t.Kind() != target.Offline {
		return nil, ErrLive
	}
	return &Registry{target: t, hives: map[string]*opened{}}, nil
}

// Close releases the files.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, o := range r.hives {
		for _, f := range o.files {
			errs = append(errs, f.Close())
		}
		o.files, o.hive, o.err = nil, nil, errors.New("the registry was closed")
	}
	return errors.Join(errs...)
}

// machineHives are the hives of HKEY_LOCAL_MACHINE that are files.
var machineHives = []string{"COMPONENTS", "DRIVERS", "SAM", "SECURITY", "SOFTWARE", "SYSTEM"}

// place takes a path apart: the hive's name and the path in the hive.
func place(path string) (hiveName, prefix, rest string, err error) {
	path = strings.Trim(path, `\`)
	top, rest, _ := strings.Cut(path, `\`)
	switch strings.ToUpper(top) {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		name, rest, _ := strings.Cut(rest, `\`)
		if name = strings.ToUpper(name); slices.Contains(machineHives, name) {
			return name, `HKLM\` + name, rest, nil
		}
		return "", "", "", &PathError{path, fmt.Sprintf(`HKLM\%s is not a hive on the disk; those are %s`, name, strings.Join(machineHives, ", "))}
	case "HKU", "HKEY_USERS":
		name, rest, _ := strings.Cut(rest, `\`)
		if strings.EqualFold(name, ".DEFAULT") || name == "S-1-5-18" {
			return "DEFAULT", `HKU\.DEFAULT`, rest, nil
		}
		return "", "", "", &PathError{path, `only HKU\.DEFAULT is read of the users' hives`}
	}
	return "", "", "", &PathError{path, `expected a path that begins with HKLM\ or HKU\.DEFAULT`}
}

// Key opens a key: `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, in any case. CurrentControlSet is the control
// set that the machine last started with (HKLM\SYSTEM\Select, Current). The error is a [*PathError] or a [*HiveError], or
// wraps [ErrNoKey].
func (r *Registry) Key(path string) (*Key, error) {
	name, prefix, rest, err := place(path)
	if err != nil {
		return nil, err
	}
	h, file, err := r.hive(name)
	if err != nil {
		return nil, err
	}
	if first, tail, _ := strings.Cut(rest, `\`); name == "SYSTEM" && strings.EqualFold(first, "CurrentControlSet") {
		set, err := r.controlSet(h, file)
		if err != nil {
			return nil, err
		}
		rest = set
		if tail != "" {
			rest += `\` + tail
		}
	}
	root := &Key{path: prefix, hive: name, file: file, dirty: dirty(h)}
	if root.key, err = h.Root(); err != nil {
		return nil, &HiveError{name, file, err}
	}
	if rest == "" {
		return root, nil
	}
	return root.Open(rest)
}

// ControlSet is the name of the control set that CurrentControlSet stands for: "ControlSet001".
func (r *Registry) ControlSet() (string, error) {
	h, file, err := r.hive("SYSTEM")
	if err != nil {
		return "", err
	}
	return r.controlSet(h, file)
}

func (r *Registry) controlSet(h *hive.Hive, file string) (string, error) {
	selected, err := h.Open("Select")
	if err != nil {
		return "", &HiveError{"SYSTEM", file, fmt.Errorf("its key Select, which names the current control set: %w", err)}
	}
	for _, name := range []string{"Current", "Default"} { // Current is 0 in a hive that no Windows has started from
		v, err := selected.Value(name)
		if err != nil {
			continue
		}
		if data, err := v.Data(); err == nil {
			if n, ok := data.(uint32); ok && n > 0 && n < 1000 {
				return fmt.Sprintf("ControlSet%03d", n), nil
			}
		}
	}
	return "", &HiveError{"SYSTEM", file, errors.New("its key Select names no control set")}
}

// Info tells about a hive: "SYSTEM".
func (r *Registry) Info(name string) (hive.Info, error) {
	h, _, err := r.hive(name)
	if err != nil {
		return hive.Info{}, err
	}
	return h.Info(), nil
}

// Dirty says, for the hive of a key's path, why what it has may be stale; "" where it is whole.
func (r *Registry) Dirty(path string) string {
	name, _, _, err := place(path)
	if err != nil {
		return ""
	}
	h, _, err := r.hive(name)
	if err != nil {
		return ""
	}
	return dirty(h)
}

func dirty(h *hive.Hive) string {
	info := h.Info()
	if !info.Dirty || info.Recovered {
		return ""
	}
	s := "Windows had not written the hive whole when it stopped, and its transaction logs do not complete it"
	if len(info.LogProblems) > 0 {
		s += ": " + info.LogProblems[0]
	}
	return s
}

// hive opens a hive once.
func (r *Registry) hive(name string) (*hive.Hive, string, error) {
	path := `%SystemRoot%\System32\config\` + name
	file := r.target.Display(path)
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.hives[name]
	if o == nil {
		o = &opened{}
		o.open(r.target, path)
		r.hives[name] = o
	}
	if o.err != nil {
		return nil, file, &HiveError{name, file, o.err}
	}
	return o.hive, file, nil
}

func (o *opened) open(t *target.Target, path string) {
	var main hive.Source
	if main, o.err = o.source(t, path); o.err != nil {
		return
	}
	var logs []hive.Source
	for _, suffix := range []string{".LOG1", ".LOG2", ".LOG"} {
		// A log that cannot be read leaves the hive dirty if it was needed, and that is said.
		if log, err := o.source(t, path+suffix); err == nil {
			logs = append(logs, log)
		}
	}
	o.hive, o.err = hive.Open(main, logs...)
}

func (o *opened) source(t *target.Target, path string) (hive.Source, error) {
	f, err := t.Open(path)
	if err != nil {
		return hive.Source{}, err
	}
	o.files = append(o.files, f)
	info, err := f.Stat()
	if err != nil {
		return hive.Source{}, err
	}
	return hive.Source{Reader: f, Size: info.Size()}, nil
}
