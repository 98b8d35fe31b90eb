package startup

import (
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
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
	holds(t, made[`\Rectify\Resume 20260110-0930-kfwz`], taskxml.Boot, "resume 20260110-0930-kfwz --at-startup"+tail)
	if err := s.TellAtLogon(t.Context(), "20260110-0930-kfwz"); err != nil {
		t.Fatal(err)
	}
	holds(t, made[`\Rectify\Tell 20260110-0930-kfwz`], taskxml.Logon, "history show 20260110-0930-kfwz --at-logon"+tail)
	for _, remove := range []error{s.Release(t.Context(), "20260110-0930-kfwz"), s.Told(t.Context(), "20260110-0930-kfwz"), s.Release(t.Context(), "none")} {
		if remove != nil {
			t.Error(remove)
		}
	}
	if len(made) != 0 {
		t.Errorf("left: %v", made)
	}
}

// TestTasksAreRegistered registers the tasks for real; nothing here starts a machine anew, so that they are not run.
func TestTasksAreRegistered(t *testing.T) {
	scheduler := tasks.Live()
	s := Startup{Tasks: scheduler, State: t.TempDir(), Program: program(t)}
	t.Cleanup(func() { _ = s.Release(t.Context(), "test") })
	for range 2 { // again, as a run that is resumed does
		if err := s.Arrange(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
	}
	task, err := scheduler.Task(t.Context(), `\Rectify\Resume test`)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, task.XML, taskxml.Boot, "resume test --at-startup --state "+s.State)
	if err := s.Release(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := scheduler.Task(t.Context(), `\Rectify\Resume test`); err == nil {
		t.Error("the task is still there")
	}
	verification.Shown(t, "the task that goes on with a run when Windows starts is registered, reads back and is removed; it was not seen to run", "system.restart")
}
