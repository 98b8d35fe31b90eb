package foldermachine

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
)

func checkedPlaybook(t *testing.T) *check.Playbook {
	t.Helper()
	doc, wrong := playbook.Parse("crash.yaml", CrashPlaybook())
	if len(wrong) > 0 {
		t.Fatalf("%v", wrong)
	}
	p, wrong := check.Check(doc, check.NewPluginCatalog(Plugin(), System()))
	if len(wrong) > 0 {
		t.Fatalf("%v", wrong)
	}
	return p
}

func TestCrashPlaybookChecksClean(t *testing.T) {
	uses := map[string]int{}
	actions := 0
	check.Walk(checkedPlaybook(t).Steps, func(s *check.Step) {
		if s.Plugin != "" {
			uses[s.Action.Name]++
			actions++
			if s.Action.Effect != sdk.Reversible {
				t.Errorf("%s cannot be undone", s.ID)
			}
		}
	})
	if actions < 12 || len(uses) < 8 {
		t.Errorf("it has %d actions of %d kinds: %v", actions, len(uses), uses)
	}
}

// TestCrashPlaybookByHand does the steps of the playbook one after the other on the machine that it is for, while
// triggers start what they can, and takes them back in reverse: so its arguments fit that machine, and what an engine does
// with it has one state after and one before.
func TestCrashPlaybookByHand(t *testing.T) {
	pristine := sample(t)
	before := snapshot(t, pristine)
	var first map[string]string
	for range 2 {
		m := sampleCopy(t, pristine)
		end := triggering(t, m)
		done := play(t, m, checkedPlaybook(t).Steps)
		end()
		must(t, m.Trigger())
		after := snapshot(t, m)
		if first == nil {
			first = after
		}
		same(t, "done twice", first, after)
		if p, err := m.Problem(); err != nil || after[p.Items[0].Cure] == "" {
			t.Errorf("it is not fixed: %v", err)
		}
		end = triggering(t, m)
		for _, i := range slices.Backward(done) {
			i.undo()
		}
		end()
		must(t, m.Trigger())
		same(t, "undone", before, snapshot(t, m))
		aside, err := m.SetAside()
		must(t, err)
		for _, made := range []string{"data/cache.set-aside-1/made-by-updater.txt", "data/queue.set-aside-1/made-by-sender.txt"} {
			if _, ok := aside[made]; !ok {
				t.Errorf("%s was not set aside: %v", made, aside)
			}
		}
	}
}

// triggering triggers all the time, until the function that it returns is called.
func triggering(t *testing.T, m Machine) (end func()) {
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				if err := m.Trigger(); err != nil {
					t.Errorf("trigger: %v", err)
					return
				}
			}
		}
	})
	return func() {
		close(stop)
		done.Wait()
	}
}

// play does steps in order, a `finally` behind its group.
func play(t *testing.T, m Machine, steps []*check.Step) []*instance {
	t.Helper()
	var done []*instance
	for _, s := range steps {
		if s.Kind == playbook.GroupStep {
			done = append(append(done, play(t, m, s.Steps)...), play(t, m, s.Finally)...)
			continue
		}
		items := []string{""}
		if s.Each != nil {
			items = []string{"nightly", "weekly"}
		}
		for _, item := range items {
			input := object{}
			for _, a := range s.With {
				switch {
				case a.Value.Const != nil:
					input[a.Name] = a.Value.Const
				case a.Name == "millis":
					input[a.Name] = 0
				case a.Name == "name":
					input[a.Name] = item
				default:
					t.Fatalf("%s: the argument %s is not known here", s.ID, a.Name)
				}
			}
			i, p := prepared(t, m, s.Action.Name, input)
			if p.NoOp {
				t.Errorf("%s does nothing", s.ID)
			}
			i.apply()
			i.wantState(sdk.StateAfter)
			done = append(done, i)
		}
	}
	return done
}
