// Package registry is the registry of a Windows machine on a target. On a disk that is not running, the hives are the
// files below %SystemRoot%\System32\config, with what their transaction logs add to them. On a running Windows it is
// what the system says, in its 64-bit view; that can be changed too, see [Store].
//
// Nothing that is absent is guessed: that a key is not there ([ErrNoKey]), that a value is not there ([ErrNoValue]) and
// that a hive or key could not be read (a [*HiveError], a [*SystemError]) are different answers.
package registry

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/sdk/target"
)

// Registry is the registry of a target. It is safe for use by several goroutines.
type Registry struct {
	origin origin
}

// origin is where the hives come from: the files of a disk, or a running system.
type origin interface {
	// top opens the key at the top of a path, and gives what of the path is below it.
	top(path string) (top *Key, rest string, err error)
	// info tells about a hive by its name.
	info(name string) (hive.Info, error)
	close() error
}

// Open opens the registry of a target. Each hive of a disk is opened when it is first asked for; of a running Windows
// each question opens the key anew. The error wraps [target.ErrNotWindows] where a live target is no Windows.
func Open(t *target.Target) (*Registry, error) {
	if t.Kind() == target.Offline {
		return &Registry{newDisk(t)}, nil
	}
	s, err := Live()
	if err != nil {
		return nil, err
	}
	return Of(s), nil
}

// Of is the registry that a system has.
func Of(s Reader) *Registry { return &Registry{live{s}} }

// Close releases the files.
func (r *Registry) Close() error { return r.origin.close() }

// Key opens a key: `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, in any case. CurrentControlSet is the control
// set that the machine last started with (HKLM\SYSTEM\Select, Current). The error is a [*PathError], a [*HiveError] or a
// [*SystemError], or wraps [ErrNoKey].
func (r *Registry) Key(path string) (*Key, error) {
	top, rest, err := r.origin.top(path)
	if err != nil {
		return nil, err
	}
	if first, tail, _ := strings.Cut(rest, `\`); strings.EqualFold(first, "CurrentControlSet") && top.path == systemHive {
		set, err := controlSet(top)
		switch {
		case err == nil:
			rest = strings.TrimSuffix(set+`\`+tail, `\`)
		case top.from.file != "":
			return nil, err
		} // a running Windows knows by itself what it stands for
	}
	if rest == "" {
		return top, nil
	}
	return top.Open(rest)
}

const systemHive = `HKLM\SYSTEM`

// ControlSet is the name of the control set that CurrentControlSet stands for: "ControlSet001".
func (r *Registry) ControlSet() (string, error) {
	top, _, err := r.origin.top(systemHive)
	if err != nil {
		return "", err
	}
	return controlSet(top)
}

func controlSet(top *Key) (string, error) {
	selected, err := top.Open("Select")
	if err != nil {
		return "", top.unreadable(fmt.Errorf("its key Select, which names the current control set: %v", err))
	}
	for _, name := range []string{"Current", "Default"} { // Current is 0 in a hive that no Windows has started from
		if n, err := selected.Number(name); err == nil && n > 0 && n < 1000 {
			return fmt.Sprintf("ControlSet%03d", n), nil
		}
	}
	return "", top.unreadable(errors.New("its key Select names no control set"))
}

// Info tells about a hive: "SYSTEM". Of a running Windows nothing is known but that it can be read.
func (r *Registry) Info(name string) (hive.Info, error) { return r.origin.info(name) }

// Dirty says, for the hive of a key's path, why what it has may be stale; "" where it is whole, as that of a running
// Windows always is.
func (r *Registry) Dirty(path string) string {
	top, _, err := r.origin.top(path)
	if err != nil {
		return ""
	}
	return top.Dirty()
}

// live is the registry of a running system.
type live struct{ system Reader }

func (l live) top(path string) (*Key, string, error) {
	p, err := place(path)
	if err != nil {
		return nil, "", err
	}
	node := liveNode{l.system, p.top, time.Time{}}
	if node.at, err = l.system.Written(p.top); err != nil {
		return nil, "", err
	}
	return &Key{path: p.top, from: source{hive: p.hive}, node: node}, p.rest, nil
}

func (l live) info(name string) (hive.Info, error) {
	_, err := l.system.Written(`HKLM\` + name)
	return hive.Info{}, err
}

func (l live) close() error { return nil }
