package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/artefact/winzone"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/machine/zone"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// ListInput is the input of `task.list`.
type ListInput struct {
	Path string `json:"path,omitempty" jsonschema_description:"Which tasks: a path with * and ?, in any case, where * also stands for folders; without it, all"`
}

// ListOutput is the output of `task.list`.
type ListOutput struct {
	Tasks   []Task `json:"tasks" jsonschema_description:"The tasks by path; at most 1000"`
	Count   int    `json:"count" jsonschema_extras:"x-counts=tasks" jsonschema_description:"How many tasks match"`
	Damaged int    `json:"damaged" jsonschema_extras:"x-grows=true" jsonschema_description:"How many definitions could not be read"`
	Cut     bool   `json:"cut" jsonschema_description:"Whether the list was cut"`
}

// Task is the definition of a scheduled task.
type Task struct {
	Path       string     `json:"path" jsonschema_description:"Path of the task: \\Check WSUS Reg"`
	Enabled    bool       `json:"enabled" jsonschema_description:"Whether it may be started"`
	Hidden     bool       `json:"hidden" jsonschema_description:"Whether the Task Scheduler hides it"`
	Author     string     `json:"author,omitempty" jsonschema_description:"Who made it, as the definition says"`
	User       string     `json:"user" jsonschema_description:"Account that it runs as; those of Windows itself as SID (S-1-5-18 is SYSTEM); empty where the definition names none"`
	RunLevel   string     `json:"run_level,omitempty" jsonschema_description:"LeastPrivilege or HighestAvailable"`
	Executable string     `json:"executable,omitempty" jsonschema_description:"First program that it runs"`
	Arguments  string     `json:"arguments,omitempty" jsonschema_description:"Arguments of that program"`
	Command    string     `json:"command" jsonschema_description:"Whole command line: program and arguments; several actions are divided by semicolons"`
	Triggers   []string   `json:"triggers" jsonschema_description:"What starts it, in words"`
	URI        string     `json:"uri,omitempty" jsonschema_description:"Path that the definition itself gives"`
	Registered *time.Time `json:"registered,omitempty" jsonschema_description:"When it was made, as the definition says; absent where that is in an unknown time zone"`

	Evidence sdk.Evidence `json:"-"`
}

const (
	maxTasks = 1000
	// maxFiles and maxDepth bound the folder of tasks that is gone through; Windows has some 300 tasks in 5 levels.
	maxFiles = 20_000
	maxDepth = 16
)

func listProbe(s *tasks.Scheduler) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "list",
		Summary: "Scheduled tasks and what they run",
		Doc: `Of a disk it reads the definitions below %SystemRoot%\System32\Tasks; on a running machine it asks the Task Scheduler, for hidden tasks too. Definitions that cannot be read are counted ` +
			"in `damaged`" + ` and make the answer partial, and so do folders that cannot be read, and a session without administrator rights, which the Task Scheduler does not show all tasks.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"tasks":[],"count":0,"damaged":0,"cut":false}`),
	}, func(ctx context.Context, call *sdk.Call, in ListInput) (sdk.Reading[ListOutput], error) {
		l := newList(call.Target, in)
		if call.Target.Kind() == target.Live {
			return l.live(ctx, s)
		}
		return l.offline(ctx)
	})
}

// list is an answer in the making.
type list struct {
	target  *target.Target
	wanted  func(path string) bool
	zone    *winzone.Zone // nil: local times are left out
	folder  string        // that holds the definitions
	out     ListOutput
	trouble troubles
}

func newList(t *target.Target, in ListInput) *list {
	z, _ := zone.Of(t)
	return &list{target: t, wanted: matcher(in.Path), zone: z, folder: t.Display(tasksFolder), out: ListOutput{Tasks: []Task{}}}
}

func (l *list) offline(ctx context.Context) (sdk.Reading[ListOutput], error) {
	w := walk{target: l.target, troubles: &l.trouble}
	err := w.folder(ctx, l.folder, "", 0, func(path string) {
		if !l.wanted(path) {
			return
		}
		if d, file, err := open(l.target, path); err != nil {
			l.damaged(err)
		} else {
			l.add(newTask(path, file, d, l.zone))
		}
	})
	if err != nil {
		return sdk.Reading[ListOutput]{}, err
	}
	return l.reading(), nil
}

func (l *list) live(ctx context.Context, s *tasks.Scheduler) (sdk.Reading[ListOutput], error) {
	listing, err := s.List(ctx)
	if err != nil {
		return sdk.Reading[ListOutput]{}, failure(err)
	}
	for _, t := range listing.Tasks {
		if !l.wanted(t.Path) {
			continue
		}
		d, err := taskxml.Parse(strings.NewReader(t.XML))
		if err != nil {
			l.damaged(fmt.Errorf("%s: %w", t.Path, err))
			continue
		}
		task := newTask(t.Path, l.folder+t.Path, d, l.zone)
		task.Enabled = t.Enabled
		l.add(task)
	}
	for _, u := range listing.Unread {
		err := fmt.Errorf("%s: %w", u.Path, u.Err)
		switch {
		case u.Folder:
			l.trouble.add(err)
		case l.wanted(u.Path):
			l.damaged(err)
		}
	}
	r := l.reading()
	if listing.Limited {
		if r.Partial != "" {
			r.Partial += "; "
		}
		r.Partial += "without administrator rights the Task Scheduler does not show all tasks"
		r.Settle = "run as an administrator"
	}
	return r, nil
}

func (l *list) damaged(err error) {
	l.out.Damaged++
	l.trouble.add(err)
}

func (l *list) add(t Task) {
	l.out.Count++
	if len(l.out.Tasks) == maxTasks {
		l.out.Cut = true
		return
	}
	l.out.Tasks = append(l.out.Tasks, t)
}

func (l *list) reading() sdk.Reading[ListOutput] {
	r := sdk.Observed(l.out)
	if l.trouble.first != nil {
		r.Partial = fmt.Sprintf("%d definitions or folders of tasks cannot be read: %v", l.trouble.count, l.trouble.first)
	}
	return r
}

// troubles counts what could not be read.
type troubles struct {
	count int
	first error
}

func (p *troubles) add(err error) {
	p.count++
	if p.first == nil {
		p.first = err
	}
}

func newTask(path, file string, d *taskxml.Definition, z *winzone.Zone) Task {
	task := Task{
		Path: path, Enabled: d.Enabled, Hidden: d.Hidden, Author: d.Author, User: user(d), RunLevel: d.Principal.RunLevel,
		Command: command(d), Triggers: []string{}, URI: d.URI,
		Evidence: sdk.Evidence{File: file, Text: path + " runs " + command(d)},
	}
	task.Executable, task.Arguments = program(d)
	for _, tr := range d.Triggers {
		task.Triggers = append(task.Triggers, describe(tr))
	}
	switch at := d.Registered; {
	case at.Time.IsZero():
	case at.Zoned:
		task.Registered = &at.Time
	case z != nil:
		utc, _ := z.ToUTC(at.Time)
		task.Registered = &utc
	}
	return task
}

// matcher makes a test of a path with * and ?.
func matcher(pattern string) func(string) bool {
	if pattern == "" {
		return func(string) bool { return true }
	}
	if !strings.HasPrefix(pattern, `\`) {
		pattern = `\` + pattern
	}
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?is)^` + quoted + `$`).MatchString
}

// walk goes through the folder of tasks.
type walk struct {
	*troubles
	target *target.Target
	files  int
}

func (w *walk) folder(ctx context.Context, folder, path string, depth int, visit func(path string)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := w.target.ReadDir(folder)
	switch {
	case err != nil && depth == 0:
		return unavailable(err)
	case err != nil:
		w.add(err)
		return nil
	}
	for _, e := range entries {
		if w.files++; w.files > maxFiles {
			return sdk.Errorf(sdk.Unavailable, "%s holds more than %d files", w.target.Display(tasksFolder), maxFiles)
		}
		sub := path + `\` + e.Name()
		switch {
		case !e.IsDir():
			visit(sub)
		case depth >= maxDepth:
			w.add(fmt.Errorf("%s: folders of tasks more than %d levels deep are not looked into", sub, maxDepth))
		default:
			if err := w.folder(ctx, folder+`\`+e.Name(), sub, depth+1, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// unavailable says that no task can be seen at all.
func unavailable(err error) error {
	switch {
	case errors.Is(err, target.ErrNotWindows):
		return sdk.Errorf(sdk.Unsupported, "scheduled tasks: %v", err)
	case errors.Is(err, fs.ErrPermission):
		return sdk.Errorf(sdk.AccessDenied, "the definitions of scheduled tasks cannot be read: %v", err).WithHint("read the disk as an administrator, or as root")
	}
	return sdk.Errorf(sdk.Unavailable, "the definitions of scheduled tasks cannot be read: %v", err).
		WithHint(`give a disk, or a copy of one, that has Windows\System32\Tasks`)
}
