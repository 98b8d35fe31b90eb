package tasks_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/machine/tasks/faketasks"
)

var noon = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

const some = `\Folder\Some task`

// seeded is a fake with one task.
func seeded(t testing.TB) *faketasks.System {
	t.Helper()
	fake := &faketasks.System{Dir: t.TempDir(), Now: noon}
	xml, err := tasks.Program{Command: `C:\Windows\System32\sc.exe`, Arguments: []string{"start", "wuauserv"}}.Definition()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tasks.New(fake).Register(t.Context(), some, xml); err != nil {
		t.Fatal(err)
	}
	return fake
}

// TestChecksTellWhatIsWrong has the checks look at Task Schedulers that are not as they should be.
func TestChecksTellWhatIsWrong(t *testing.T) {
	const switching = "a task that is disabled reads back as disabled, and enabled again as enabled"
	for name, c := range map[string]struct {
		given func(*faketasks.System)
		check string // empty: all of them
		want  conformance.Outcome
		words string
	}{
		"switches-in-word": {func(s *faketasks.System) { s.SwitchesInWord = true }, switching, conformance.Different, "did not do it: read back, it and its definition are still enabled"},
		"deletes-in-word": {func(s *faketasks.System) { s.DeletesInWord = true }, "a task that is registered reads back, and is gone when it is deleted", conformance.Different,
			"and it is still there"},
		"denied":  {refusing(faketasks.Denied("ITaskFolder.GetTask")), "", conformance.Unasked, "E_ACCESSDENIED"},
		"a-stub":  {refusing(errors.Join(tasks.ErrUnsupported, &com.Error{Method: "M", Code: com.NotImplemented})), "", conformance.Absent, "E_NOTIMPL"},
		"stopped": {refusing(errors.Join(tasks.ErrStopped, &com.Error{Method: "M", Code: com.NoServer})), "", conformance.Different, "RPC_S_SERVER_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := seeded(t)
			c.given(fake)
			tried := 0
			for _, check := range tasks.Suite(tasks.New(fake)).Checks {
				if c.check != "" && c.check != check.Name {
					continue
				}
				tried++
				if f := check.Try(t.Context()); f.Outcome != c.want || !strings.Contains(f.Detail, c.words) {
					t.Errorf("%s: %+v; want %s: %s", check.Name, f, c.want, c.words)
				}
			}
			if tried == 0 {
				t.Errorf("no check has the name %q", c.check)
			}
		})
	}
}

func refusing(err error) func(*faketasks.System) {
	return func(s *faketasks.System) { s.Refuses = map[string]error{`\`: err} }
}
