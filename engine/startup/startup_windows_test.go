package startup

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/verification"
)

func TestTasksOfARun(t *testing.T) {
	made := shelf{}
	s := Startup{Tasks: made, State: t.TempDir(), Program: program(t), Flags: []string{"--lock", `C:\a b\rectify.lock`}}
	if err := s.Arrange(t.Context(), "20260110-0930-kfwz"); err != nil {
		t.Fatal(err)
	}
	tail := " --state " + s.State + ` --lock "C:\a b\rectify.lock"`
	holds(t, made[`\Rectify resume 20260110-0930-kfwz`], taskxml.Boot, "resume 20260110-0930-kfwz --at-startup"+tail)
	if err := s.TellAtLogon(t.Context(), "20260110-0930-kfwz"); err != nil {
		t.Fatal(err)
	}
	holds(t, made[`\Rectify tell 20260110-0930-kfwz`], taskxml.Logon, "history show 20260110-0930-kfwz --at-logon"+tail)
	for _, remove := range []error{s.Release(t.Context(), "20260110-0930-kfwz"), s.Told(t.Context(), "20260110-0930-kfwz"), s.Release(t.Context(), "none")} {
		if remove != nil {
			t.Error(remove)
		}
	}
	if len(made) != 0 {
		t.Errorf("left: %v", made)
	}
}

// TestTasksAreRegistered registers the task for real; nothing here starts a machine anew, so that it is not run. Wine's Task
// Scheduler answers that it has registered it, and keeps neither the program nor what starts it: that is seen, and nothing is left.
func TestTasksAreRegistered(t *testing.T) {
	scheduler := tasks.Live()
	s := Startup{Tasks: scheduler, State: t.TempDir(), Program: program(t)}
	t.Cleanup(func() { _ = s.Release(context.Background(), "test") })
	err := s.Arrange(t.Context(), "test")
	if _, otherwise := errors.AsType[*tasks.NotAsRegisteredError](err); otherwise && strings.HasPrefix(conformance.System(), "Wine") {
		if _, err := scheduler.Task(t.Context(), `\Rectify resume test`); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a task that would run something else is left: %v", err)
		}
		verification.InPart(t, "a task that goes on with a run after the restart, and does not read back as it was registered, is removed and told", "system.restart")
		return
	}
	if err == nil {
		err = s.Arrange(t.Context(), "test") // again, as a run that is resumed does
	}
	if err != nil {
		t.Fatal(err)
	}
	task, err := scheduler.Task(t.Context(), `\Rectify resume test`)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, task.XML, taskxml.Boot, "resume test --at-startup --state "+s.State)
	if err := s.Release(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := scheduler.Task(t.Context(), `\Rectify resume test`); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("the task is still there: %v", err)
	}
	verification.InPart(t, "the task that goes on with a run after the restart is registered, reads back and is removed; it was not seen to run", "system.restart")
}

// holds says what a task of a run runs, and what starts it.
func holds(t *testing.T, xml string, kind taskxml.TriggerKind, arguments string) {
	t.Helper()
	d, err := taskxml.Parse(strings.NewReader(xml))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Triggers) != 1 || d.Triggers[0].Kind != kind || d.Principal.UserID != "S-1-5-18" {
		t.Errorf("%+v, %+v", d.Triggers, d.Principal)
	}
	if len(d.Actions) != 1 || !strings.Contains(d.Actions[0].Command, `\bin\rectify-`) || d.Actions[0].Arguments != arguments {
		t.Errorf("runs %+v, want %s", d.Actions, arguments)
	}
}
