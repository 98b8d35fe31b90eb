package tasks

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// The functions of plugins that rest on the Task Scheduler.
var (
	looking   = []string{"task.list", "task.disable", "task.enable"}
	switching = []string{"task.disable", "task.enable"}
)

// trial is the task that checks make, and delete.
const trial = `\Rectify conformance check`

// Suite is what is taken for granted of the Task Scheduler.
func Suite(s *Scheduler) conformance.Suite {
	opening := []string{"ole32!CoCreateInstance", "ITaskService.Connect", "ITaskService.GetFolder"}
	reading := append(opening[:len(opening):len(opening)], "ITaskFolder.GetTask", "IRegisteredTask.get_Path", "IRegisteredTask.get_Enabled", "IRegisteredTask.get_Xml",
		"IRegisteredTask.get_State", "IRegisteredTask.get_LastTaskResult", "IRegisteredTask.get_LastRunTime")
	return conformance.Suite{Name: "tasks", Checks: []conformance.Check{
		{
			Name: "the tasks of all folders are listed",
			API: append(opening[:len(opening):len(opening)], "ITaskFolder.GetTasks", "ITaskFolder.GetFolders", "ITaskFolder.get_Path", "IRegisteredTaskCollection.get_Count",
				"IRegisteredTaskCollection.get_Item", "ITaskFolderCollection.get_Count", "ITaskFolderCollection.get_Item"),
			Serves: []string{"task.list"},
			Run:    s.checkList,
		},
		{
			Name:   "a listed task is found by its path, in any case, with the same definition",
			API:    reading,
			Serves: looking,
			Run:    s.checkRead,
		},
		{
			Name:   "a task that does not exist is not found",
			API:    append(opening[:len(opening):len(opening)], "ITaskFolder.GetTask"),
			Serves: switching,
			Run:    s.checkMissing,
		},
		{
			Name: "the state of a task and its last run are told",
			API:  []string{"IRegisteredTask.get_State", "IRegisteredTask.get_LastTaskResult", "IRegisteredTask.get_LastRunTime"},
			Run:  s.checkState,
		},
		{
			Name:    "a task that is registered reads back, and is gone when it is deleted",
			API:     []string{"ITaskFolder.RegisterTask", "ITaskFolder.GetTask", "IRegisteredTask.get_Xml", "ITaskFolder.DeleteTask"},
			Serves:  looking,
			Changes: true,
			Run:     s.checkRegister,
		},
		{
			Name:    "a task that is registered again has the new definition",
			API:     []string{"ITaskFolder.RegisterTask", "IRegisteredTask.get_Xml"},
			Changes: true,
			Run:     s.checkReplace,
		},
		{
			Name:    "a hidden task is listed",
			API:     []string{"ITaskFolder.GetTasks"},
			Serves:  []string{"task.list"},
			Changes: true,
			Run:     s.checkHidden,
		},
		{
			Name:    "a task that is disabled reads back as disabled, and enabled again as enabled",
			API:     []string{"IRegisteredTask.put_Enabled", "IRegisteredTask.get_Enabled", "IRegisteredTask.get_Xml"},
			Serves:  switching,
			Changes: true,
			Run:     s.checkSwitch,
		},
		{
			Name:    "a task is seen to run when it is started",
			API:     []string{"IRegisteredTask.Run", "IRegisteredTask.get_State", "IRegisteredTask.get_LastTaskResult", "IRegisteredTask.get_LastRunTime"},
			Changes: true,
			Run:     s.checkRun,
		},
	}}
}

// found sorts an error into what a check gives.
func found(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnsupported):
		return conformance.Missing("%w", err)
	case errors.Is(err, ErrDenied):
		return conformance.Inapplicable("%w", err)
	}
	return conformance.Differs("%w", err)
}

func (s *Scheduler) checkList(ctx context.Context) error {
	l, err := s.List(ctx)
	if err != nil {
		return found(err)
	}
	if len(l.Unread) > 0 && !l.Limited {
		return conformance.Differs("%d folders or tasks cannot be read, the first is %s: %w", len(l.Unread), l.Unread[0].Path, l.Unread[0].Err)
	}
	for i, t := range l.Tasks {
		if full, err := CheckPath(t.Path); err != nil || full != t.Path || i > 0 && l.Tasks[i-1].Path == t.Path {
			return conformance.Differs("the path %q of a task is none, or is there twice", t.Path)
		}
	}
	return nil
}

// first gives some task of the machine.
func (s *Scheduler) first(ctx context.Context) (Task, error) {
	l, err := s.List(ctx)
	if err != nil {
		return Task{}, found(err)
	}
	if len(l.Tasks) == 0 {
		return Task{}, conformance.Inapplicable("there is no task")
	}
	return l.Tasks[0], nil
}

func (s *Scheduler) checkRead(ctx context.Context) error {
	listed, err := s.first(ctx)
	if err != nil {
		return err
	}
	t, err := s.Task(ctx, strings.ToUpper(listed.Path))
	if err != nil {
		return found(err)
	}
	d, err := taskxml.Parse(strings.NewReader(t.XML))
	if err != nil {
		return conformance.Differs("%s: %w", t.Path, err)
	}
	if !strings.EqualFold(t.Path, listed.Path) || t.XML != listed.XML || d.Enabled != t.Enabled {
		return conformance.Differs("listed as %s, enabled %v; found as %s, enabled %v, by its definition %v", listed.Path, listed.Enabled, t.Path, t.Enabled, d.Enabled)
	}
	return nil
}

func (s *Scheduler) checkMissing(ctx context.Context) error {
	for _, path := range []string{`\Rectify no such task`, `\Rectify no such folder\Task`} {
		switch t, err := s.Task(ctx, path); {
		case err == nil:
			return conformance.Differs("%s is there, as %s", path, t.Path)
		case !errors.Is(err, ErrNotFound):
			return found(err)
		}
	}
	return nil
}

func (s *Scheduler) checkState(ctx context.Context) error {
	t, err := s.first(ctx)
	if err != nil {
		return err
	}
	return toldState(t)
}

func toldState(t Task) error {
	switch {
	case t.Unsaid != nil:
		return found(t.Unsaid)
	case t.State == Unknown:
		return conformance.Differs("%s has no state that is known", t.Path)
	case t.Enabled && t.State == Disabled, !t.Enabled && t.State == Ready: // a disabled task may still run
		return conformance.Differs("%s is %s, and its state is %s", t.Path, switched(t.Enabled), t.State)
	}
	return nil
}

// onTrial registers a task, has something done with it, and deletes it. What is done is told of a registration that reads
// back otherwise: not everything rests on that.
func (s *Scheduler) onTrial(ctx context.Context, program Program, do func(t Task, registered error) error) error {
	xml, err := program.Definition()
	if err != nil {
		return err
	}
	t, err := s.Register(ctx, trial, xml)
	if _, otherwise := errors.AsType[*NotAsRegisteredError](err); err != nil && !otherwise {
		return found(err)
	}
	done := do(t, found(err))
	if err := s.Delete(ctx, trial); err != nil {
		return errors.Join(done, found(err))
	}
	return done
}

// harmless is a program that every Windows has and that does nothing.
func harmless(arguments ...string) Program {
	root := os.Getenv("SystemRoot")
	if root == "" {
		root = `C:\Windows`
	}
	return Program{Description: "made and deleted by a check", Command: root + `\System32\cmd.exe`, Arguments: append([]string{"/d", "/c", "exit"}, arguments...), Folder: root}
}

func (s *Scheduler) checkRegister(ctx context.Context) error {
	awkward := harmless("a b", `c"d`, `e\`, "<&>'", "ü", "100%")
	if err := s.onTrial(ctx, awkward, func(t Task, registered error) error {
		if registered == nil && (t.Path != trial || !t.Enabled) {
			return conformance.Differs("it was registered as %q, and reads back as %q, %s", trial, t.Path, switched(t.Enabled))
		}
		return registered
	}); err != nil {
		return err
	}
	if _, err := s.Task(ctx, trial); !errors.Is(err, ErrNotFound) {
		return conformance.Differs("deleted, it is still there: %w", err)
	}
	if err := s.Delete(ctx, trial); !errors.Is(err, ErrNotFound) {
		return conformance.Differs("deleted again, it gives %w", err)
	}
	return nil
}

func (s *Scheduler) checkReplace(ctx context.Context) error {
	return s.onTrial(ctx, harmless(), func(Task, error) error {
		xml, err := Program{Command: harmless().Command, Arguments: []string{"/d", "/c", "rem"}, AtBoot: true}.Definition()
		if err != nil {
			return err
		}
		_, err = s.Register(ctx, trial, xml)
		return found(err)
	})
}

func (s *Scheduler) checkHidden(ctx context.Context) error {
	return s.onTrial(ctx, harmless(), func(Task, error) error {
		xml, err := harmless().Definition()
		if err != nil {
			return err
		}
		_, err = s.Register(ctx, trial, strings.Replace(xml, "<Hidden>false</Hidden>", "<Hidden>true</Hidden>", 1))
		if _, otherwise := errors.AsType[*NotAsRegisteredError](err); err != nil && !otherwise {
			return found(err)
		}
		l, err := s.List(ctx)
		if err != nil {
			return found(err)
		}
		for _, t := range l.Tasks {
			if t.Path == trial {
				return nil
			}
		}
		return conformance.Differs("of %d tasks that are listed none is %s, which is hidden", len(l.Tasks), trial)
	})
}

func (s *Scheduler) checkSwitch(ctx context.Context) error {
	return s.onTrial(ctx, harmless(), func(Task, error) error {
		for _, enabled := range []bool{false, false, true, true} {
			t, err := s.SetEnabled(ctx, trial, enabled)
			if err != nil {
				return found(err)
			}
			if t.Unsaid == nil && (t.State == Disabled) == enabled {
				return conformance.Differs("it is %s, and its state is %s", switched(enabled), t.State)
			}
		}
		return nil
	})
}

func (s *Scheduler) checkRun(ctx context.Context) error {
	return s.onTrial(ctx, harmless(), func(t Task, _ error) error {
		if t.Last != nil {
			return conformance.Differs("it never ran, and its last run was at %v", t.Last.At)
		}
		if err := s.Run(ctx, trial); err != nil {
			return found(err)
		}
		t, err := s.Task(ctx, trial)
		if err != nil {
			return found(err)
		}
		return toldState(t)
	})
}
