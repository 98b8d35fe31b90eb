// Package faketasks is a Task Scheduler for tests: tasks are files, and it answers as the one of Windows does, or as one that
// answers and does nothing.
package faketasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/internal/machine/tasks"
)

// System is a Task Scheduler whose tasks are files below a folder: the definition of \A\B is A/B.xml, and its last run, if it
// ran, A/B.run.
type System struct {
	Dir string
	// SwitchesInWord answers that a task was enabled or disabled and changes nothing, as Wine does.
	SwitchesInWord bool
	// DeletesInWord and RunsInWord do the same of those.
	DeletesInWord, RunsInWord bool
	// Refuses is the error of each request for a path, or for one below it when that is a folder. "\" is for all.
	Refuses map[string]error
	// Limited is a session without administrator rights.
	Limited bool
	// Now is the time of runs.
	Now time.Time
}

var _ tasks.System = (*System)(nil)

// Denied is the error of a task or folder that may not be read, as the system gives it.
func Denied(method string) error {
	return fmt.Errorf("%w: %w", tasks.ErrDenied, &com.Error{Method: method, Code: com.AccessDenied})
}

const ending = ".xml"

func (s *System) file(path string) string {
	return filepath.Join(s.Dir, filepath.FromSlash(strings.ReplaceAll(strings.Trim(path, `\`), `\`, "/")))
}

func (s *System) refusal(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for at := path; ; at = at[:strings.LastIndexByte(at, '\\')] {
		if at == "" {
			at = `\`
		}
		if err, ok := s.Refuses[at]; ok || at == `\` {
			return err
		}
	}
}

// find gives the path of a task as it is registered.
func (s *System) find(ctx context.Context, path string) (string, error) {
	if err := s.refusal(ctx, path); err != nil {
		return "", err
	}
	at := ""
	names := strings.Split(strings.Trim(path, `\`), `\`)
	for i, name := range names {
		entries, err := os.ReadDir(s.file(at))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if i == len(names)-1 {
			name += ending
		}
		n := slices.IndexFunc(entries, func(e fs.DirEntry) bool { return strings.EqualFold(e.Name(), name) })
		if n < 0 {
			return "", fmt.Errorf("%w: %w", tasks.ErrNotFound, &com.Error{Method: "ITaskFolder.GetTask", Code: 0x80070002})
		}
		at += `\` + entries[n].Name()
	}
	return strings.TrimSuffix(at, ending), nil
}

// Task implements [tasks.Reader].
func (s *System) Task(ctx context.Context, path string) (tasks.Task, error) {
	found, err := s.find(ctx, path)
	if err != nil {
		return tasks.Task{}, err
	}
	text, err := os.ReadFile(s.file(found) + ending)
	if err != nil {
		return tasks.Task{}, err
	}
	t := tasks.Task{Path: found, XML: string(text), State: tasks.Ready, Enabled: true}
	if d, err := taskxml.Parse(strings.NewReader(t.XML)); err == nil && !d.Enabled {
		t.State, t.Enabled = tasks.Disabled, false
	}
	run, err := os.ReadFile(s.file(found) + ".run")
	if err == nil {
		t.Last = &tasks.Run{}
		err = json.Unmarshal(run, t.Last)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tasks.Task{}, err
	}
	return t, nil
}

// List implements [tasks.Reader].
func (s *System) List(ctx context.Context) (tasks.Listing, error) {
	l := tasks.Listing{Limited: s.Limited}
	if err := s.refusal(ctx, `\`); err != nil {
		return l, err
	}
	err := filepath.WalkDir(s.Dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.Dir, name)
		if err != nil || rel == "." {
			return err
		}
		path := `\` + strings.ReplaceAll(strings.TrimSuffix(filepath.ToSlash(rel), ending), "/", `\`)
		if refused := s.refusal(ctx, path); refused != nil {
			l.Unread = append(l.Unread, tasks.Unread{Path: path, Folder: e.IsDir(), Err: refused})
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() || filepath.Ext(name) != ending {
			return nil
		}
		t, err := s.Task(ctx, path)
		l.Tasks = append(l.Tasks, t)
		return err
	})
	slices.SortFunc(l.Tasks, func(a, b tasks.Task) int { return strings.Compare(a.Path, b.Path) })
	return l, err
}

// flag finds where a definition says whether it is enabled.
var flag = regexp.MustCompile(`(?s)(<Settings>.*?<Enabled>)(?:true|false)(</Enabled>)`)

// SetEnabled implements [tasks.Switch].
func (s *System) SetEnabled(ctx context.Context, path string, enabled bool) error {
	t, err := s.Task(ctx, path)
	if err != nil || s.SwitchesInWord {
		return err
	}
	written := fmt.Sprintf("${1}%v${2}", enabled)
	text := flag.ReplaceAllString(t.XML, written)
	if !flag.MatchString(t.XML) {
		text = strings.Replace(t.XML, "</Task>", fmt.Sprintf("<Settings><Enabled>%v</Enabled></Settings></Task>", enabled), 1)
	}
	return os.WriteFile(s.file(t.Path)+ending, []byte(text), 0o600)
}

// Register implements [tasks.Registry].
func (s *System) Register(ctx context.Context, path, xml string) error {
	if err := s.refusal(ctx, path); err != nil {
		return err
	}
	file := s.file(path) + ending
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(xml), 0o600)
}

// Run implements [tasks.Registry]. The run is over at once.
func (s *System) Run(ctx context.Context, path string) error {
	t, err := s.Task(ctx, path)
	if err != nil || s.RunsInWord {
		return err
	}
	text, err := json.Marshal(tasks.Run{At: s.Now})
	if err != nil {
		return err
	}
	return os.WriteFile(s.file(t.Path)+".run", text, 0o600)
}

// Delete implements [tasks.Registry].
func (s *System) Delete(ctx context.Context, path string) error {
	t, err := s.Task(ctx, path)
	if err != nil || s.DeletesInWord {
		return err
	}
	if err := os.Remove(s.file(t.Path) + ".run"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Remove(s.file(t.Path) + ending)
}
