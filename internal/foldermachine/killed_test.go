package foldermachine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// kill starts a call of an action in a process, and kills that once it has had some effects.
func (i *instance) kill(call string, atEffects int) {
	i.t.Helper()
	already := effects(i.t, i.m)
	cmd := exec.Command(os.Args[0], "act", i.m.Dir, i.state, i.name, call, string(i.input), string(i.token))
	var said strings.Builder
	cmd.Stderr = &said
	must(i.t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for effects(i.t, i.m)-already < atEffects {
		select {
		case err := <-ended:
			if err != nil {
				i.t.Fatalf("%s %s: %v: %s", call, i.name, err, said.String())
			}
			return // it was quicker
		case <-time.After(500 * time.Microsecond):
		}
	}
	_ = cmd.Process.Kill() // it may have ended
	<-ended
}

// TestKilled kills the process of an action in the middle: what it leaves is recognised, finished and taken back.
func TestKilled(t *testing.T) {
	pristine := sample(t)
	for name, a := range map[string]action{
		"service-stop": {name: "service_stop", input: object{"names": []string{"updater", "sender", "indexer"}, "hold": true, "millis": 3}},
		"copy-all":     {name: "copy_all", input: object{"from": "files/templates", "to": "files/a/b", "millis": 3}},
		"slow":         {name: "slow", input: object{"name": "x", "steps": 6, "millis": 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := sampleCopy(t, pristine)
			before := snapshot(t, m)
			i, _ := prepared(t, m, a.name, a.input)
			i.apply()
			done := snapshot(t, m)
			i.undo()
			for n := range 4 {
				i, _ := prepared(t, m, a.name, a.input)
				i.kill("apply", n)
				switch s := i.assess(); s.State {
				case sdk.StatePartial:
				case sdk.StateBefore:
					same(t, "nothing done", before, snapshot(t, m))
				case sdk.StateAfter:
					same(t, "everything done", done, snapshot(t, m))
				default:
					t.Errorf("killed at %d: %+v", n, s)
				}
				if n%2 == 1 {
					i.apply()
					i.wantState(sdk.StateAfter)
					same(t, fmt.Sprintf("killed at %d, applied again", n), done, snapshot(t, m))
					i.kill("undo", n)
				}
				i.undo()
				i.wantState(sdk.StateBefore)
				same(t, fmt.Sprintf("killed at %d, undone", n), before, snapshot(t, m))
			}
		})
	}
}

// TestAtWork holds that an action which outlives its host is found at work, and that the next call waits for it.
func TestAtWork(t *testing.T) {
	m := sample(t)
	i, _ := prepared(t, m, "slow", object{"name": "x", "steps": 3})
	done, err := lockWork(t.Context(), i.state)
	must(t, err)
	if a := i.assess(); a.State != sdk.StatePartial || !strings.Contains(a.Reason, "worked on") {
		t.Errorf("at work: %+v", a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, do := range map[string]func() error{
		"apply": func() error {
			_, err := i.action.Apply(ctx, i.call, i.input, i.token, i.state)
			return err
		},
		"undo": func() error {
			_, err := i.action.Undo(ctx, i.call, i.token, i.state)
			return err
		},
	} {
		if err := do(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s beside the one at work: %v", call, err)
		}
	}
	applied := make(chan error, 1)
	go func() {
		_, err := i.action.Apply(t.Context(), i.call, i.input, i.token, i.state)
		applied <- err
	}()
	if n := effects(t, m); n != 0 {
		t.Errorf("%d effects beside the one at work", n)
	}
	done()
	must(t, <-applied)
	i.wantState(sdk.StateAfter)
}
