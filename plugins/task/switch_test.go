package task

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/machine/tasks/faketasks"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

var live = target.Spec{Kind: target.Live, Now: noon}

const (
	nightly = `\Company\Check WSUS Reg`
	dormant = `\Dormant`
)

// exported is a definition as the Task Scheduler gives it.
func exported(enabled, command string) string {
	return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Date>2024-01-02T03:04:05</Date>
    <Author>PC\admin</Author>
    <URI>\Company\Check WSUS Reg</URI>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <Repetition>
        <Interval>PT30M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <StartBoundary>2024-01-02T03:04:05</StartBoundary>
      <Enabled>true</Enabled>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>S-1-5-18</UserId>
      <RunLevel>HighestAvailable</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <IdleSettings>
      <StopOnIdleEnd>true</StopOnIdleEnd>
    </IdleSettings>
    <Enabled>` + enabled + `</Enabled>
    <Hidden>false</Hidden>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>` + command + `</Command>
      <Arguments>/c "C:\scripts\Check WSUS.cmd"</Arguments>
    </Exec>
  </Actions>
</Task>`
}

// withTasks is a fake with two tasks: one is enabled, and one is not.
func withTasks(t testing.TB) *faketasks.System {
	t.Helper()
	fake := &faketasks.System{Dir: t.TempDir(), Now: noon}
	for path, xml := range map[string]string{nightly: exported("true", "cmd.exe"), dormant: exported("false", "cmd.exe")} {
		if _, err := tasks.New(fake).Register(t.Context(), path, xml); err != nil {
			t.Fatal(err)
		}
	}
	return fake
}

func TestSwitchKeepsItsPromises(t *testing.T) {
	for name, c := range map[string]struct {
		action, path string
		noOp         bool
		refuses      sdk.ErrorCode
	}{
		"disable":          {"disable", nightly, false, ""},
		"disable-any-case": {"disable", `company\check wsus reg`, false, ""},
		"disable-disabled": {"disable", dormant, true, ""},
		"disable-nothing":  {"disable", `\Nothing`, false, sdk.NotFound},
		"disable-a-folder": {"disable", `\Company`, false, sdk.NotFound},
		"enable":           {"enable", dormant, false, ""},
		"enable-enabled":   {"enable", nightly, true, ""},
		"no-path":          {"enable", `\a*`, false, sdk.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &faketasks.System{} // of one plugin, with the tasks of each scene in turn
			plugintest.Action(t, with(tasks.New(fake)), plugintest.ActionCase{
				Action: c.action, NoOp: c.noOp, Refuses: c.refuses,
				Scene: func(t testing.TB) plugintest.Scene {
					fake.Dir = withTasks(t).Dir
					return plugintest.Scene{Target: live, Folder: fake.Dir, Input: SwitchInput{c.path}}
				},
			})
			verification.ShownByFake(t, "keeps the promises of an action", "task."+c.action)
		})
	}
}

// step is an action that is prepared and can be done.
type step struct {
	*plugintest.Client
	t        *testing.T
	action   string
	path     string
	state    string
	prepared sdk.Prepared
}

func prepared(t *testing.T, system tasks.System, action, path string) *step {
	t.Helper()
	return preparedWith(t, with(tasks.New(system)), action, path)
}

func preparedWith(t *testing.T, p sdk.Plugin, action, path string) *step {
	t.Helper()
	s := &step{plugintest.Serve(t, p), t, action, path, t.TempDir(), sdk.Prepared{}}
	var err error
	if s.prepared, err = s.Prepare(action, live, SwitchInput{path}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *step) apply() error {
	_, err := s.Apply(s.action, live, SwitchInput{s.path}, s.prepared.Token, s.state)
	return err
}

func (s *step) undo() error {
	_, err := s.Undo(s.action, live, s.prepared.Token, s.state)
	return err
}

func (s *step) wantState(want sdk.State, words string) {
	s.t.Helper()
	a, err := s.Assess(s.action, live, s.prepared.Token, s.state)
	if err != nil || a.State != want || !strings.Contains(a.Reason, words) {
		s.t.Errorf("assessed %q (%s), %v; want %q, holding %q", a.State, a.Reason, err, want, words)
	}
}

func (s *step) wantError(err error, code sdk.ErrorCode, words string) {
	s.t.Helper()
	if err == nil {
		s.t.Errorf("no error, want %s %q", code, words)
	} else if e := sdk.AsError(err); e.Code != code || !strings.Contains(e.Error(), words) || e.Hint == "" {
		s.t.Errorf("got %s: %v; want %s, holding %q, with a hint", e.Code, e, code, words)
	}
}

func TestWhatIsShownOfASwitch(t *testing.T) {
	s := prepared(t, withTasks(t), "disable", `company\check wsus reg`)
	p := s.prepared
	if want := (sdk.Change{What: `task \Company\Check WSUS Reg`, Before: "enabled", After: "disabled"}); len(p.Changes) != 1 || p.Changes[0] != want {
		t.Errorf("changes %+v", p.Changes)
	}
	if want := `disable the task \Company\Check WSUS Reg, which runs cmd.exe /c "C:\scripts\Check WSUS.cmd"`; p.Summary != want {
		t.Errorf("got  %s\nwant %s", p.Summary, want)
	}
	if string(p.Predicted) != `{"path":"\\Company\\Check WSUS Reg","enabled":false}` {
		t.Errorf("predicted %s", p.Predicted)
	}
}

func TestSwitchThatIsAnsweredAndNotDone(t *testing.T) {
	fake := withTasks(t)
	fake.SwitchesInWord = true
	before, err := os.ReadFile(filepath.Join(fake.Dir, "Dormant.xml"))
	if err != nil {
		t.Fatal(err)
	}
	s := prepared(t, fake, "enable", dormant)
	s.wantError(s.apply(), sdk.Unavailable, `the Task Scheduler answered that it had enabled \Dormant, and did not do it: read back, it and its definition are still disabled`)
	s.wantState(sdk.StateBefore, "")
	if err := s.undo(); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(filepath.Join(fake.Dir, "Dormant.xml"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the task is another one: %v\n%s", err, after)
	}
}

func TestSomebodyElse(t *testing.T) {
	put := func(t *testing.T, fake *faketasks.System, xml string) {
		t.Helper()
		if err := fake.Register(t.Context(), nightly, xml); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("has-switched-it-before", func(t *testing.T) {
		fake := withTasks(t)
		s := prepared(t, fake, "disable", nightly)
		put(t, fake, exported("false", "cmd.exe"))
		s.wantState(sdk.StateAfter, "somebody else has disabled it")
		if err := s.apply(); err != nil {
			t.Error(err)
		}
		s.wantState(sdk.StateAfter, "somebody else")
		if err := s.undo(); err != nil {
			t.Error(err)
		}
		s.wantState(sdk.StateAfter, "somebody else")
	})
	t.Run("has-switched-it-back", func(t *testing.T) {
		fake := withTasks(t)
		s := prepared(t, fake, "disable", nightly)
		if err := s.apply(); err != nil {
			t.Fatal(err)
		}
		put(t, fake, exported("true", "cmd.exe"))
		s.wantState(sdk.StateBefore, "")
		if err := s.undo(); err != nil {
			t.Error(err)
		}
		s.wantState(sdk.StateBefore, "")
	})
	t.Run("has-changed-it-before", func(t *testing.T) {
		fake := withTasks(t)
		s := prepared(t, fake, "disable", nightly)
		put(t, fake, exported("true", "other.exe"))
		s.wantState(sdk.StateOther, "somebody else has changed")
		s.wantError(s.apply(), sdk.Unavailable, "somebody else has changed the task")
	})
	t.Run("has-changed-it-since", func(t *testing.T) {
		fake := withTasks(t)
		s := prepared(t, fake, "disable", nightly)
		if err := s.apply(); err != nil {
			t.Fatal(err)
		}
		put(t, fake, exported("false", "other.exe"))
		s.wantState(sdk.StateOther, "somebody else has changed")
		s.wantError(s.undo(), sdk.Unavailable, "it is left as it is")
		if got, err := tasks.New(fake).Task(t.Context(), nightly); err != nil || got.Enabled {
			t.Errorf("it was enabled: %v", err)
		}
	})
	t.Run("has-deleted-it", func(t *testing.T) {
		fake := withTasks(t)
		s := prepared(t, fake, "disable", nightly)
		untouched := prepared(t, fake, "disable", nightly)
		if err := s.apply(); err != nil {
			t.Fatal(err)
		}
		if err := tasks.New(fake).Delete(t.Context(), nightly); err != nil {
			t.Fatal(err)
		}
		s.wantState(sdk.StateOther, "no task")
		s.wantError(s.apply(), sdk.NotFound, "is gone since this was planned")
		s.wantError(s.undo(), sdk.NotFound, "is gone, it cannot be enabled again")
		if err := untouched.undo(); err != nil {
			t.Errorf("undo of what was never applied: %v", err)
		}
	})
	t.Run("wrote-the-note", func(t *testing.T) {
		s := prepared(t, withTasks(t), "disable", nightly)
		for _, text := range []string{"{", `{"version":2}`} {
			if err := os.WriteFile(filepath.Join(s.state, noteFile), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for call, err := range map[string]error{"apply": s.apply(), "undo": s.undo()} {
				if err == nil || !strings.Contains(err.Error(), "what was kept in the state directory cannot be read") {
					t.Errorf("%s, with the note %s: %v", call, text, err)
				}
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	code := func(c com.Error, kind error) error { return errors.Join(kind, &c) }
	for name, c := range map[string]struct {
		err  error
		code sdk.ErrorCode
		hint string
	}{
		"not-elevated": {faketasks.Denied("ITaskFolder.GetTask"), sdk.AccessDenied, "run as an administrator"},
		"stopped":      {code(com.Error{Method: "ITaskService.Connect", Code: com.NoServer}, tasks.ErrStopped), sdk.Unavailable, "start the service Schedule"},
		"a-stub":       {code(com.Error{Method: "ITaskFolder.GetTask", Code: com.NotImplemented}, tasks.ErrUnsupported), sdk.Unsupported, ""},
		"other":        {&com.Error{Method: "ITaskFolder.GetTask", Code: 0x8000FFFF}, sdk.Unavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fake := withTasks(t)
			fake.Refuses = map[string]error{`\`: c.err}
			client := plugintest.Serve(t, with(tasks.New(fake)))
			_, preparing := client.Prepare("disable", live, SwitchInput{nightly})
			_, listing := client.Observe("list", live, nil)
			for call, err := range map[string]error{"disable": preparing, "list": listing} {
				if err == nil {
					t.Errorf("%s: no error", call)
				} else if e := sdk.AsError(err); e.Code != c.code || !strings.Contains(e.Hint, c.hint) {
					t.Errorf("%s: got %s: %v", call, e.Code, e)
				}
			}
		})
	}
	t.Run("while-it-is-done", func(t *testing.T) {
		fake := withTasks(t)
		s := prepared(t, fake, "disable", nightly)
		fake.Refuses = map[string]error{nightly: faketasks.Denied("IRegisteredTask.put_Enabled")}
		s.wantError(s.apply(), sdk.AccessDenied, "E_ACCESSDENIED")
	})
	t.Run("damaged", func(t *testing.T) {
		fake := withTasks(t)
		if err := fake.Register(t.Context(), nightly, "<Task><broken"); err != nil {
			t.Fatal(err)
		}
		_, err := plugintest.Serve(t, with(tasks.New(fake))).Prepare("disable", live, SwitchInput{nightly})
		if err == nil || sdk.AsError(err).Code != sdk.Unavailable || !strings.Contains(err.Error(), "what cannot be read is not changed") {
			t.Errorf("%v", err)
		}
	})
}
