// Package foldermachine is a machine that is a folder: a plugin whose services, tasks and files are files on a disk,
// so that the engine's promises can be tried for real. Its changes are durable, its actions have states in between, and
// it is killed as a process is killed; afterwards the folder says what is true. It is a test double: no program that
// ships links it.
//
//	services/NAME.json   start type, state, folder, whether triggers start it
//	held/NAME.json       the start type of a service that is held stopped
//	tasks/NAME.json      enabled, command
//	files/, data/        files; the folders of services are below data
//	steps/NAME           one line for each step that slow has done
//	marks/NAME           what flaky makes
//	spent/NAME           what irreversible makes
//	boot.json            how often it was started
//	restart_requested    there while a restart was asked for
//
// These are what [Machine.Snapshot] compares. Beside them stand what only drives the machine or tells of it: clock.json,
// problem.json, flaky/NAME.json (failures so far), ledger/ledger.jsonl (see [Entry]), tmp/ (files that are being
// written), and a folder Windows, by which the engine knows a disk.
package foldermachine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Machine is a machine in a folder. The same machine may be used by several processes at once.
type Machine struct{ Dir string }

const (
	servicesDir = "services"
	heldDir     = "held"
	tasksDir    = "tasks"
	filesDir    = "files"
	dataDir     = "data"
	stepsDir    = "steps"
	marksDir    = "marks"
	spentDir    = "spent"
	flakyDir    = "flaky"
	ledgerDir   = "ledger"
	scratchDir  = "tmp"
	windowsDir  = "Windows"

	bootFile    = "boot.json"
	restartFile = "restart_requested"
	clockFile   = "clock.json"
	problemFile = "problem.json"
)

// Create makes a machine without services, tasks and files in a folder, which is made if it is not there. A folder that
// is a machine already is an error. Its clock stands at 2026-01-10T09:00:00Z.
func Create(dir string) (Machine, error) {
	m := Machine{dir}
	if _, err := os.Stat(m.path(bootFile)); err == nil {
		return m, fmt.Errorf("the folder %q is a machine already: take another", dir)
	}
	for _, d := range []string{servicesDir, heldDir, tasksDir, filesDir, dataDir, stepsDir, marksDir, spentDir, flakyDir, ledgerDir, scratchDir, windowsDir} {
		if err := os.MkdirAll(m.path(d), 0o755); err != nil {
			return m, err
		}
	}
	if err := m.SetClock(time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)); err != nil {
		return m, err
	}
	return m, m.writeJSON(bootFile, boot{})
}

// path is where a thing of the machine, named with slashes, is on this disk.
func (m Machine) path(name string) string { return filepath.Join(m.Dir, filepath.FromSlash(name)) }

type clock struct {
	Now time.Time `json:"now"`
}

// SetClock sets the machine's own time. It stands still.
func (m Machine) SetClock(now time.Time) error { return m.writeJSON(clockFile, clock{now.UTC()}) }

// Clock reads the machine's own time.
func (m Machine) Clock() (time.Time, error) {
	c, err := readJSON[clock](m, clockFile)
	return c.Now, err
}

type boot struct {
	Boots int `json:"boots"`
}

type restartRequest struct {
	Reason string `json:"reason,omitempty"`
}

// Boots counts how often the machine was started.
func (m Machine) Boots() (int, error) {
	b, err := readJSON[boot](m, bootFile)
	return b.Boots, err
}

// RestartRequested says whether a restart was asked for and has not happened yet.
func (m Machine) RestartRequested() (bool, error) { return m.exists(restartFile) }

// Boot starts the machine anew: every service ends, those with start type auto are started, and a request to restart is
// fulfilled. What the driver of a test calls when the engine has stopped for a restart.
func (m Machine) Boot() error {
	n, err := m.Boots()
	if err != nil {
		return err
	}
	if err := m.writeJSON(bootFile, boot{n + 1}); err != nil {
		return err
	}
	services, err := m.Services()
	if err != nil {
		return err
	}
	for name := range services {
		if err := m.bootService(name); err != nil {
			return err
		}
	}
	return m.remove(restartFile)
}

// Problem is what is wrong with the machine: what the probes problem and fixed answer by. Nothing but a test changes it.
type Problem struct {
	Present bool   `json:"present"`
	Healed  bool   `json:"healed,omitempty"`
	Items   []Item `json:"items,omitempty"`
}

// Item is one thing that is wrong. It is fixed when its cure is there.
type Item struct {
	Name string `json:"name"`
	Cure string `json:"cure,omitempty"` // path on the machine: files/repaired.txt; without one it is never fixed
}

// SetProblem says what is wrong.
func (m Machine) SetProblem(p Problem) error { return m.writeJSON(problemFile, p) }

// Problem reads what is wrong; a machine that was not told of any is healthy.
func (m Machine) Problem() (Problem, error) {
	p, err := readJSON[Problem](m, problemFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Problem{}, nil
	}
	return p, err
}

// WriteFile makes a file below files or data ("files/config/settings.ini"), with the folders that it is in.
func (m Machine) WriteFile(path, text string) error {
	if err := checkPath(path); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(m.path(path)), 0o755); err != nil {
		return err
	}
	return m.replace(path, []byte(text))
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// checkName refuses what cannot be the name of a service, task or mark.
func checkName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%q is no name: expected letters, digits, _ and -, at most 64, as in update", name)
	}
	return nil
}

// checkPath refuses what does not lie below files or data.
func checkPath(path string) error {
	top, rest, _ := strings.Cut(path, "/")
	if !fs.ValidPath(path) || rest == "" || top != filesDir && top != dataDir || strings.ContainsAny(path, "\\:\x00") {
		return fmt.Errorf("%q is no path of this machine: expected one below files or data with slashes, as in files/config/settings.ini", path)
	}
	return nil
}

func readJSON[T any](m Machine, name string) (T, error) {
	var v T
	data, err := readFile(m.path(name))
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	return v, nil
}

func (m Machine) writeJSON(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return m.replace(name, append(data, '\n'))
}
