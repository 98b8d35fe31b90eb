package task

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/machine/tasks/faketasks"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

func listed(t *testing.T, fake *faketasks.System, pattern string) (ListOutput, sdk.Answer) {
	t.Helper()
	answer, err := plugintest.Serve(t, with(tasks.New(fake))).Observe("list", live, ListInput{pattern})
	if err != nil {
		t.Fatal(err)
	}
	var out ListOutput
	if err := json.Unmarshal(answer.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, answer
}

// TestListIsTheSameLive has a disk and a running machine with the same tasks give the same answer.
func TestListIsTheSameLive(t *testing.T) {
	fake := withTasks(t)
	files := map[string][]byte{}
	all, err := fake.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range all.Tasks {
		files[path.Join("Windows/System32/Tasks", strings.ReplaceAll(task.Path, `\`, "/"))] = []byte(task.XML)
	}
	offline, _, err := disk.Observe[ListOutput](t, Plugin(), "list", disk.New(t, noon, files), `{}`)
	if err != nil {
		t.Fatal(err)
	}
	got, answer := listed(t, fake, "")
	for i := range got.Tasks {
		got.Tasks[i].Registered = nil // in local time: a Windows that runs knows its zone, and this disk has none
	}
	if answer.Partial != "" || got.Count != 2 || !reflect.DeepEqual(got, offline) {
		t.Errorf("partial %q\nlive    %+v\noffline %+v", answer.Partial, got, offline)
	}
	if len(answer.Evidence) != 2 || !strings.HasSuffix(strings.ToLower(answer.Evidence[0].File), `\system32\tasks\company\check wsus reg`) {
		t.Errorf("evidence %+v", answer.Evidence)
	}
	if got, _ := listed(t, fake, `\company\*`); got.Count != 1 || got.Tasks[0].Path != nightly || !got.Tasks[0].Enabled {
		t.Errorf("by a pattern: %+v", got)
	}
	verification.ShownByFake(t, "gives what an offline disk with the same definitions gives", "task.list")
}

func TestListThatIsPartial(t *testing.T) {
	for name, c := range map[string]struct {
		given   func(*testing.T, *faketasks.System)
		partial string
		count   int
		damaged int
	}{
		"a-closed-folder": {func(t *testing.T, s *faketasks.System) {
			s.Refuses = map[string]error{`\Company`: faketasks.Denied("ITaskFolder.GetTasks")}
		}, `1 definitions or folders of tasks cannot be read: \Company: the Task Scheduler denies access`, 1, 0},
		"a-closed-task": {func(t *testing.T, s *faketasks.System) {
			s.Refuses = map[string]error{dormant: faketasks.Denied("IRegisteredTask.get_Xml")}
		}, `1 definitions or folders of tasks cannot be read: \Dormant: the Task Scheduler denies access`, 1, 1},
		"a-damaged-definition": {func(t *testing.T, s *faketasks.System) {
			if err := s.Register(t.Context(), dormant, "<Task><broken"); err != nil {
				t.Fatal(err)
			}
		}, `\Dormant: task definition, near line 1`, 1, 1},
		"not-elevated": {func(_ *testing.T, s *faketasks.System) { s.Limited = true }, "without administrator rights", 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			fake := withTasks(t)
			c.given(t, fake)
			got, answer := listed(t, fake, "")
			if !strings.Contains(answer.Partial, c.partial) || got.Count != c.count || got.Damaged != c.damaged {
				t.Errorf("partial %q, %+v", answer.Partial, got)
			}
		})
	}
}

// crowded has more tasks than are listed.
type crowded struct{ tasks.System }

func (crowded) List(context.Context) (tasks.Listing, error) {
	var l tasks.Listing
	for i := range maxTasks + 1 {
		l.Tasks = append(l.Tasks, tasks.Task{Path: fmt.Sprintf(`\T%04d`, i), XML: "<Task/>"})
	}
	return l, nil
}

func TestListIsCut(t *testing.T) {
	answer, err := plugintest.Serve(t, with(tasks.New(crowded{}))).Observe("list", live, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got ListOutput
	if err := json.Unmarshal(answer.Value, &got); err != nil || !got.Cut || got.Count != maxTasks+1 || len(got.Tasks) != maxTasks {
		t.Errorf("%v: cut %v, %d of %d", err, got.Cut, len(got.Tasks), got.Count)
	}
}
