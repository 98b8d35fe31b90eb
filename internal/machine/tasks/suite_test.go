package tasks_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/internal/machine/conformance/conformtest"
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

func TestFakeConforms(t *testing.T) {
	conformtest.Run(t, tasks.Suite(tasks.New(seeded(t))), nil)
}

func TestFakeThatAnswersAndDoesNothing(t *testing.T) {
	fake := seeded(t)
	fake.SwitchesInWord = true
	conformtest.Run(t, tasks.Suite(tasks.New(fake)), conformtest.Known{
		"a task that is disabled reads back as disabled, and enabled again as enabled": "differs: did not do it: read back, it and its definition are still enabled",
	})
}

func TestFakeThatRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"denied":  {faketasks.Denied("ITaskFolder.GetTask"), "not applicable: E_ACCESSDENIED"},
		"missing": {fmt.Errorf("%w: %w", tasks.ErrUnsupported, &com.Error{Method: "M", Code: com.NotImplemented}), "missing: E_NOTIMPL"},
		"stopped": {fmt.Errorf("%w: %w", tasks.ErrStopped, &com.Error{Method: "M", Code: com.NoServer}), "differs: RPC_S_SERVER_UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := seeded(t)
			fake.Refuses = map[string]error{`\`: c.err}
			suite := tasks.Suite(tasks.New(fake))
			known := conformtest.Known{}
			for _, check := range suite.Checks {
				known[check.Name] = c.want
			}
			conformtest.Run(t, suite, known)
		})
	}
}
