package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk/target"
)

// startup counts what is arranged.
type startup struct {
	arranged, released []string
	fails              error
}

func (s *startup) What(run string) string { return "a task for " + run }
func (s *startup) Arrange(_ context.Context, run string) error {
	s.arranged = append(s.arranged, run)
	return s.fails
}
func (s *startup) Release(ctx context.Context, run string) error {
	s.released = append(s.released, run)
	return ctx.Err()
}

func TestContinuation(t *testing.T) {
	store, err := journal.Open(t.TempDir(), journal.AcceptUnprotected())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := store.Begin(journal.Start{Playbook: "x", Target: journal.Target{Identity: "this"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	written := func() []string {
		records, err := r.Records()
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, rec := range records {
			var c journal.Continuation
			if rec.Kind == journal.Awaiting && json.Unmarshal(rec.Data, &c) == nil {
				out = append(out, c.What+"|"+c.Problem)
			}
		}
		return out
	}

	made := &startup{}
	var remarks []string
	o := Remedy{Continuation: made, Remark: func(text string) { remarks = append(remarks, text) }}
	if err := o.arrange(t.Context(), r, target.Offline); err != nil || made.arranged != nil || written() != nil {
		t.Errorf("of a disk: %v, %v", err, made.arranged)
	}
	if err := o.arrange(t.Context(), r, target.Live); err != nil || !slices.Equal(made.arranged, []string{r.ID()}) || !slices.Equal(written(), []string{"a task for " + r.ID() + "|"}) {
		t.Errorf("%v, %v, %v", err, made.arranged, written())
	}
	made.fails = errors.New("no Task Scheduler")
	if err := o.arrange(t.Context(), r, target.Live); err != nil || len(remarks) != 1 || len(written()) != 3 || written()[2] != "a task for "+r.ID()+"|no Task Scheduler" {
		t.Errorf("that it cannot be arranged: %v, told %q, written %q", err, remarks, written())
	}

	ended, stop := context.WithCancel(t.Context())
	stop()
	for name, c := range map[string]struct {
		stop *journal.Stop
		on   target.Kind
		want int
	}{
		"complete":            {nil, target.Live, 1},
		"failed":              {&journal.Stop{Reason: "failed"}, target.Live, 1},
		"waits-for-a-restart": {&journal.Stop{Reason: execute.StopRestart}, target.Live, 0},
		"a-disk":              {nil, target.Offline, 0},
		"waits-for-somebody":  {&journal.Stop{Reason: "approval"}, target.Live, 1},
		"stopped-by-a-person": {&journal.Stop{Reason: "interrupted"}, target.Live, 1},
	} {
		t.Run(name, func(t *testing.T) {
			made.released, remarks = nil, nil
			o.release(ended, r.ID(), c.on, c.stop) // also when the run's own context has ended
			if len(made.released) != c.want || remarks != nil {
				t.Errorf("released %v, told %q", made.released, remarks)
			}
		})
	}
}
