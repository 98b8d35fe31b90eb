package tasks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/machine/tasks/faketasks"
)

func TestSwitched(t *testing.T) {
	fake := seeded(t)
	s := tasks.New(fake)
	got, err := s.SetEnabled(t.Context(), `folder\SOME task`, false)
	if err != nil || got.Enabled || got.Path != some || !strings.Contains(got.XML, "<Enabled>false</Enabled>") {
		t.Fatalf("%+v, %v", got, err)
	}
	fake.SwitchesInWord = true
	got, err = s.SetEnabled(t.Context(), some, true)
	var untaken *tasks.NotTakenError
	if !errors.As(err, &untaken) || *untaken != (tasks.NotTakenError{Path: some, Asked: true}) || got.Enabled {
		t.Errorf("%+v, %v", got, err)
	}
	if want := `the Task Scheduler answered that it had enabled \Folder\Some task, and did not do it: read back, it and its definition are still disabled`; err.Error() != want {
		t.Errorf("got %q\nwant %q", err, want)
	}
	half := &tasks.NotTakenError{Path: some, Asked: true, Says: true}
	if want := "read back, it says enabled, and its definition disabled"; !strings.HasSuffix(half.Error(), want) {
		t.Errorf("got %q, want %q", half, want)
	}
}

// halfway says that it has switched a task, and leaves its definition.
type halfway struct{ tasks.System }

func (h halfway) Task(ctx context.Context, path string) (tasks.Task, error) {
	t, err := h.System.Task(ctx, path)
	t.Enabled = !t.Enabled
	return t, err
}

func TestSwitchedByHalves(t *testing.T) {
	fake := seeded(t)
	fake.SwitchesInWord = true
	_, err := tasks.New(halfway{fake}).SetEnabled(t.Context(), some, false)
	if untaken, ok := errors.AsType[*tasks.NotTakenError](err); !ok || !untaken.Defined || untaken.Says {
		t.Errorf("%v", err)
	}
}

// tampering keeps something else than is registered.
type tampering struct {
	tasks.System
	old, new string
}

func (s tampering) Register(ctx context.Context, path, xml string) error {
	return s.System.Register(ctx, path, strings.Replace(xml, s.old, s.new, 1))
}

func TestRegisteredOtherwise(t *testing.T) {
	xml, err := tasks.Program{Command: `C:\a.exe`, Arguments: []string{"x"}, AtBoot: true, Until: noon}.Definition()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"other-program":   {`C:\a.exe`, `C:\b.exe`, `action 1 is {Kind:exec Command:C:\b.exe`},
		"other-arguments": {"<Arguments>x<", "<Arguments>y<", "Arguments:y"},
		"no-action":       {"Exec>", "Other>", ""},
		"no-trigger":      {"<BootTrigger>", "<!-- <BootTrigger> -->", ""},
		"trigger-off":     {"<Enabled>true</Enabled>\n    </BootTrigger>", "<Enabled>false</Enabled></BootTrigger>", "trigger 1 is"},
		"other-end":       {"2024-06-01T12:00:00Z", "2025-06-01T12:00:00Z", "trigger 1 is"},
		"other-account":   {"S-1-5-18", "S-1-5-19", `it runs as "S-1-5-19", asked for was "S-1-5-18"`},
		"disabled":        {"<Enabled>true</Enabled>\n    <Hidden>", "<Enabled>false</Enabled><Hidden>", "it is disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(xml, c.old) {
				t.Fatalf("there is no %q in\n%s", c.old, xml)
			}
			_, err := tasks.New(tampering{&faketasks.System{Dir: t.TempDir()}, c.old, c.new}).Register(t.Context(), `\X`, xml)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRegisterRefuses(t *testing.T) {
	s := tasks.New(&faketasks.System{Dir: t.TempDir()})
	for name, c := range map[string]struct{ path, xml, want string }{
		"no-definition":   {`\X`, "x", "neither a task definition"},
		"another-account": {`\X`, `<Task><Principals><Principal><UserId>PC\me</UserId></Principal></Principals></Task>`, `runs as "PC\\me", expected S-1-5-18`},
		"no-account":      {`\X`, `<Task/>`, `runs as ""`},
		"no-path":         {``, `<Task/>`, `"" is not the path of a task`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.Register(t.Context(), c.path, c.xml); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if l, err := s.List(t.Context()); err != nil || len(l.Tasks) != 0 {
		t.Errorf("registered nonetheless: %+v, %v", l, err)
	}
}

func TestRun(t *testing.T) {
	fake := seeded(t)
	s := tasks.New(fake)
	if err := s.Run(t.Context(), some); err != nil {
		t.Error(err)
	}
	if err := s.Run(t.Context(), `\Nothing`); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("a task that is not there: %v", err)
	}
	fake.RunsInWord = true
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := s.Run(t.Context(), some)
		if unseen, ok := errors.AsType[*tasks.NotSeenError](err); !ok || unseen.Task.Last == nil {
			t.Errorf("no run: %v", err)
		}
		if waited := time.Since(began); waited < time.Second {
			t.Errorf("it was waited for %v only", waited)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Run(ctx, some); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the context ends: %v", err)
		}
	})
}

// silent does not tell of runs.
type silent struct{ tasks.System }

func (s silent) Task(ctx context.Context, path string) (tasks.Task, error) {
	t, err := s.System.Task(ctx, path)
	t.Last, t.Unsaid = nil, tasks.ErrUnsupported
	return t, err
}

func TestRunThatIsNotToldOf(t *testing.T) {
	err := tasks.New(silent{seeded(t)}).Run(t.Context(), some)
	if _, ok := errors.AsType[*tasks.NotSeenError](err); !ok || !strings.Contains(err.Error(), "does not say whether there was one") {
		t.Errorf("%v", err)
	}
}

func TestDelete(t *testing.T) {
	fake := seeded(t)
	s := tasks.New(fake)
	fake.DeletesInWord = true
	if err := s.Delete(t.Context(), some); err == nil || err.Error() != `the Task Scheduler answered that it had deleted \Folder\Some task, and it is still there` {
		t.Errorf("deleted in word: %v", err)
	}
	fake.DeletesInWord = false
	if err := s.Delete(t.Context(), some); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), some); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("deleted again: %v", err)
	}
}

func TestCheckPath(t *testing.T) {
	for name, c := range map[string]struct{ path, want, wrong string }{
		"whole":           {`\Microsoft\Windows\X`, `\Microsoft\Windows\X`, ""},
		"without-a-slash": {`Check WSUS Reg`, `\Check WSUS Reg`, ""},
		"percent":         {`\50% {a} (b) é`, `\50% {a} (b) é`, ""},
		"empty":           {``, ``, `"" is no name`},
		"the-root":        {`\`, ``, `"" is no name`},
		"no-name":         {`\a\\b`, ``, `"" is no name`},
		"a-folder":        {`\a\`, ``, `"" is no name`},
		"up":              {`\a\..\b`, ``, `".." is no name`},
		"stream":          {`\a:b`, ``, `no name can hold ":"`},
		"pattern":         {`\a*`, ``, `no name can hold "*"`},
		"other-slash":     {`\a/b`, ``, `no name can hold "/"`},
		"line-break":      {"\\a\nb", ``, `no name can hold "\n"`},
		"nul":             {"\\a\x00", ``, `no name can hold "\x00"`},
		"not-utf-8":       {"\\a\xff", ``, "is not the path of a task"},
		"too-long":        {strings.Repeat("a", 300), ``, "at most 230 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tasks.CheckPath(c.path)
			if got != c.want || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %q, %v; want %q, %q", got, err, c.want, c.wrong)
			}
		})
	}
}

func FuzzCheckPath(f *testing.F) {
	for _, path := range []string{`\a\b`, "a", `\`, "\\a\x00", `\..`} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		full, err := tasks.CheckPath(path)
		if err != nil {
			return
		}
		if again, err := tasks.CheckPath(full); err != nil || again != full || !strings.HasPrefix(full, `\`) {
			t.Errorf("%q became %q, which becomes %q, %v", path, full, again, err)
		}
	})
}

func TestList(t *testing.T) {
	fake := seeded(t)
	xml, err := tasks.Program{Command: `C:\a.exe`}.Definition()
	if err != nil {
		t.Fatal(err)
	}
	s := tasks.New(fake)
	for _, path := range []string{`\A`, `\Closed\B`} {
		if _, err := s.Register(t.Context(), path, xml); err != nil {
			t.Fatal(err)
		}
	}
	fake.Refuses = map[string]error{`\Closed`: faketasks.Denied("ITaskFolder.GetTasks")}
	l, err := s.List(t.Context())
	if err != nil || len(l.Tasks) != 2 || l.Tasks[0].Path != `\A` || l.Tasks[1].Path != some {
		t.Errorf("%+v, %v", l, err)
	}
	if len(l.Unread) != 1 || l.Unread[0].Path != `\Closed` || !l.Unread[0].Folder || !errors.Is(l.Unread[0].Err, tasks.ErrDenied) {
		t.Errorf("unread %+v", l.Unread)
	}
}
