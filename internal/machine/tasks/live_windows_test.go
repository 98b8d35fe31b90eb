package tasks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/artefact/taskxml"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

// onWine is what is known of Wine 10: it does not list tasks, and of a definition that is registered it keeps neither what the
// task runs, nor as whom, nor when.
func onWine() conformtest.Known {
	const (
		unlisted = "missing: IRegisteredTaskCollection.get_Count: 0x80004001 (E_NOTIMPL)"
		emptied  = "differs: it reads back otherwise: action 1 is {Kind:exec Command: Arguments:"
	)
	return conformtest.Known{
		"the tasks of all folders are listed":                                          unlisted,
		"a listed task is found by its path, in any case, with the same definition":    unlisted,
		"the state of a task and its last run are told":                                unlisted,
		"a task that is registered reads back, and is gone when it is deleted":         emptied,
		"a task that is registered again has the new definition":                       emptied,
		"a hidden task is listed":                                                      unlisted,
		"a task that is disabled reads back as disabled, and enabled again as enabled": "differs: the Task Scheduler answered that it had disabled \\Rectify conformance check, and did not do it: read back, it and its definition are still enabled",
		"a task is seen to run when it is started":                                     "missing: IRegisteredTask.Run: 0x80004001 (E_NOTIMPL)",
	}
}

func TestWindowsConforms(t *testing.T) {
	var known conformtest.Known
	if strings.HasPrefix(verification.System(), "Wine") {
		known = onWine()
	}
	conformtest.Run(t, tasks.Suite(tasks.Live()), known)
}

// TestChecksLeaveNothing holds that the task of the checks is gone, whatever came of them.
func TestChecksLeaveNothing(t *testing.T) {
	for _, c := range tasks.Suite(tasks.Live()).Checks {
		c.Try(t.Context())
		if _, err := tasks.Live().Task(t.Context(), `\Rectify conformance check`); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("after %q: %v", c.Name, err)
		}
	}
}

// TestArgumentsAreTakenApart has Windows take apart what was joined for it.
func TestArgumentsAreTakenApart(t *testing.T) {
	for name, args := range awkward() {
		t.Run(name, func(t *testing.T) {
			xml, err := tasks.Program{Command: `C:\a.exe`, Arguments: args}.Definition()
			if err != nil {
				t.Fatal(err)
			}
			d, err := taskxml.Parse(strings.NewReader(xml))
			if err != nil {
				t.Fatal(err)
			}
			got, err := windows.DecomposeCommandLine(`C:\a.exe ` + d.Actions[0].Arguments)
			if err != nil || !slices.Equal(got[1:], args) {
				t.Errorf("got %q, %v; want %q", got, err, args)
			}
		})
	}
}
