package task

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

func onWine() bool { return strings.HasPrefix(verification.System(), "Wine") }

// registered makes a task of this machine, that never starts by itself, until the test ends.
func registered(t *testing.T, path string, enabled bool) tasks.Task {
	t.Helper()
	xml, err := tasks.Program{Command: os.Getenv("SystemRoot") + `\System32\cmd.exe`, Arguments: []string{"/d", "/c", "exit"}}.Definition()
	if err != nil {
		t.Fatal(err)
	}
	if !enabled {
		xml = strings.Replace(xml, "<Enabled>true<", "<Enabled>false<", 1)
	}
	s := tasks.Live()
	_, err = s.Register(t.Context(), path, xml)
	var otherwise *tasks.NotAsRegisteredError
	switch {
	case errors.As(err, &otherwise) && onWine(): // which forgets what the task runs
	case errors.Is(err, tasks.ErrDenied):
		t.Skipf("only an administrator can register a task: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context()) // it has ended by now
		if err := s.Delete(ctx, path); err != nil && !errors.Is(err, tasks.ErrNotFound) {
			t.Error(err)
		}
	})
	task, err := s.Task(t.Context(), path)
	if err != nil || task.Enabled != enabled {
		t.Fatalf("%+v, %v", task, err)
	}
	return task
}

func TestSwitchOfARealTask(t *testing.T) {
	for name, c := range map[string]struct {
		path    string
		enabled bool
	}{
		"disable": {`\Rectify test disable`, false},
		"enable":  {`\Rectify test enable`, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := registered(t, c.path, !c.enabled)
			s := preparedWith(t, Plugin(), name, c.path)
			s.wantState(sdk.StateBefore, "")
			err := s.apply()
			now, bad := tasks.Live().Task(t.Context(), c.path)
			if bad != nil {
				t.Fatal(bad)
			}
			if onWine() {
				s.wantError(err, sdk.Unavailable, "the Task Scheduler answered that it had "+switched(c.enabled)+" "+c.path+", and did not do it: read back, it and its definition are still "+switched(!c.enabled))
				s.wantState(sdk.StateBefore, "")
				if now.XML != before.XML || now.Enabled != before.Enabled {
					t.Errorf("the task is another one\n%s\n%s", before.XML, now.XML)
				}
				if err := s.undo(); err != nil {
					t.Errorf("undone: %v", err)
				}
				verification.InPart(t, "a switch that is answered and not done is told by reading back, and the task is as it was", "task."+name)
				return
			}
			if err != nil || now.Enabled != c.enabled {
				t.Fatalf("%v, %+v", err, now)
			}
			s.wantState(sdk.StateAfter, "")
			if err := s.undo(); err != nil {
				t.Fatal(err)
			}
			s.wantState(sdk.StateBefore, "")
			if now, err = tasks.Live().Task(t.Context(), c.path); err != nil || now.Enabled == c.enabled {
				t.Errorf("undone: %v, %+v", err, now)
			}
			verification.Shown(t, "a task reads back as it was switched, and after undo as it was", "task."+name)
		})
	}
}

func TestSwitchOfNoRealTask(t *testing.T) {
	client := plugintest.Serve(t, Plugin())
	for _, action := range []string{"disable", "enable"} {
		_, err := client.Prepare(action, live, SwitchInput{`\Rectify no such task`})
		if err == nil || sdk.AsError(err).Code != sdk.NotFound {
			t.Errorf("%s: %v", action, err)
		}
		verification.InPart(t, "a task that does not exist is an error", "task."+action)
	}
}

func TestListOfThisMachine(t *testing.T) {
	registered(t, `\Rectify test list`, true)
	answer, err := plugintest.Serve(t, Plugin()).Observe("list", live, nil)
	if onWine() {
		if err == nil || sdk.AsError(err).Code != sdk.Unsupported || !strings.Contains(err.Error(), "IRegisteredTaskCollection.get_Count: 0x80004001 (E_NOTIMPL)") {
			t.Errorf("Wine cannot list tasks: %v, %s", err, answer.Value)
		}
		verification.InPart(t, "a Task Scheduler that cannot list its tasks is an error, not an empty list", "task.list")
		return
	}
	if err != nil || !strings.Contains(string(answer.Value), "Rectify test list") {
		t.Errorf("%v, %s", err, answer.Value)
	}
	verification.Shown(t, "a task that was registered is listed", "task.list")
}
