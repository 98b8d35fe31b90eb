package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/services/fakeservices"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// scene is an action on a fake machine.
type scene struct {
	t      *testing.T
	m      *fakeservices.Machine
	action sdk.Action
	call   *sdk.Call
	input  json.RawMessage
	dir    string
	token  json.RawMessage
}

func newScene(t *testing.T, m *fakeservices.Machine, action string, input any) *scene {
	t.Helper()
	plugin := on(func() (services.Machine, error) { return m.Machine(), nil })
	a, ok := plugin.Action(action)
	if !ok {
		t.Fatalf("no action %s", action)
	}
	raw, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	live, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	return &scene{t: t, m: m, action: a, call: &sdk.Call{Target: live}, input: raw, dir: t.TempDir()}
}

func (s *scene) prepare() sdk.Prepared {
	s.t.Helper()
	p, err := s.action.Prepare(s.t.Context(), s.call, s.input)
	if err != nil {
		s.t.Fatalf("Prepare: %v", err)
	}
	s.token = p.Token
	return p
}

func (s *scene) tryApply() (string, error) {
	a, err := s.action.Apply(s.t.Context(), s.call, s.input, s.token, s.dir)
	return string(a.Output), err
}

func (s *scene) apply() string {
	s.t.Helper()
	out, err := s.tryApply()
	if err != nil {
		s.t.Fatalf("Apply: %v\n%s", err, s.m)
	}
	return out
}

func (s *scene) undo() {
	s.t.Helper()
	if _, err := s.action.Undo(s.t.Context(), s.call, s.token, s.dir); err != nil {
		s.t.Fatalf("Undo: %v\n%s", err, s.m)
	}
}

// assess looks, and holds that looking changes nothing.
func (s *scene) assess() sdk.Assessment {
	s.t.Helper()
	before := s.snapshot("")
	a, err := s.action.Assess(s.t.Context(), s.call, s.token, s.dir)
	if err != nil {
		s.t.Fatalf("Assess: %v", err)
	}
	if after := s.snapshot(""); after.text != before.text || !bytes.Equal(after.record, before.record) {
		s.t.Errorf("Assess changes something")
	}
	return a
}

func (s *scene) want(state sdk.State, when string) {
	s.t.Helper()
	if a := s.assess(); a.State != state {
		s.t.Errorf("%s Assess says %q (%s), want %q\n%s", when, a.State, a.Reason, state, s.m)
	}
}

func (s *scene) same(want, when string) {
	s.t.Helper()
	if is := s.m.String(); is != want {
		s.t.Errorf("%s the machine is\n%swant\n%s", when, is, want)
	}
}

// snapshot is the machine with the state directory at an instant.
type snapshot struct {
	at     string
	image  fakeservices.Image
	text   string
	record []byte // nil when there is none
}

func (s *scene) snapshot(at string) snapshot {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, recordName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return snapshot{at, s.m.Image(), s.m.String(), b}
}

func (s *scene) restore(to snapshot) {
	s.t.Helper()
	s.m.Restore(to.image)
	path := filepath.Join(s.dir, recordName)
	err := os.WriteFile(path, to.record, 0o600)
	if to.record == nil {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
}

// filmed does something and takes a snapshot after each change of the machine and at each report of progress: a crash at that
// instant leaves what it shows.
func (s *scene) filmed(do func(call *sdk.Call) error) []snapshot {
	s.t.Helper()
	var film []snapshot
	take := func(at string) {
		now := s.snapshot(at)
		if n := len(film); n == 0 || !film[n-1].image.Same(now.image) || !bytes.Equal(film[n-1].record, now.record) {
			film = append(film, now)
		}
	}
	s.m.Changed = take
	defer func() { s.m.Changed = nil }()
	call := *s.call
	call.Report = func(p sdk.Progress) { take(p.Note) }
	if err := do(&call); err != nil {
		s.t.Fatal(err)
	}
	return film
}

// promises checks what every action promises, in a world that is made anew for each check.
func promises(t *testing.T, set func(t *testing.T) *scene, still bool) {
	t.Run("prepare", func(t *testing.T) {
		s := set(t)
		before := s.m.String()
		p, again := s.prepare(), s.prepare()
		s.same(before, "after Prepare")
		if p.NoOp || p.Summary == "" || len(p.Changes) == 0 || !bytes.Equal(p.Material, again.Material) {
			t.Errorf("prepared %+v", p)
		}
	})
	t.Run("never-applied", func(t *testing.T) {
		s := set(t)
		before := s.m.String()
		s.prepare()
		s.want(sdk.StateBefore, "never applied,")
		s.undo()
		s.same(before, "undone without being applied,")
	})
	t.Run("applied-and-undone", func(t *testing.T) {
		s := set(t)
		before := s.m.String()
		s.prepare()
		out := s.apply()
		done := s.m.String()
		if done == before && !still {
			t.Error("Apply has changed nothing")
		}
		s.want(sdk.StateAfter, "applied,")
		if again := s.apply(); again != out {
			t.Errorf("applied again the output is %s, was %s", again, out)
		}
		s.same(done, "applied again,")
		s.want(sdk.StateAfter, "applied again,")
		for range 2 {
			s.undo()
			if !still {
				s.same(before, "undone,")
			}
			s.want(sdk.StateBefore, "undone,")
		}
	})
	t.Run("crash-in-apply", func(t *testing.T) {
		s := set(t)
		before := s.m.String()
		s.prepare()
		film := s.filmed(func(call *sdk.Call) error {
			_, err := s.action.Apply(t.Context(), call, s.input, s.token, s.dir)
			return err
		})
		done := s.m.String()
		for _, image := range film {
			at := "after a crash in Apply at " + image.at + ","
			s.restore(image)
			s.recoverable(at)
			s.apply()
			s.same(done, at+" applied,")
			s.want(sdk.StateAfter, at+" applied,")
			s.restore(image)
			s.undo()
			if !still {
				s.same(before, at+" undone,")
			}
			s.want(sdk.StateBefore, at+" undone,")
		}
	})
	t.Run("crash-in-undo", func(t *testing.T) {
		s := set(t)
		before := s.m.String()
		s.prepare()
		s.apply()
		film := s.filmed(func(call *sdk.Call) error {
			_, err := s.action.Undo(t.Context(), call, s.token, s.dir)
			return err
		})
		for _, image := range film {
			at := "after a crash in Undo at " + image.at + ","
			s.restore(image)
			s.recoverable(at)
			s.undo()
			if !still {
				s.same(before, at+" undone,")
			}
			s.want(sdk.StateBefore, at+" undone,")
		}
	})
	t.Run("garbage-tokens", func(t *testing.T) {
		s := set(t)
		s.prepare()
		before := s.m.String()
		for _, token := range []string{"", "null", "1", `"x"`, "[]", "{}", "{", `{"version":1}`, `{"version":2,"services":[]}`, `{"version":1,"services":[{"name":"a\\b","start":{"type":"manual"}}]}`,
			`{"version":1,"services":[{"name":"a"}]}`, `{"version":1,"name":"x"}`, string(s.token[:len(s.token)/2])} {
			s.token = json.RawMessage(token)
			_, applying := s.tryApply()
			_, assessing := s.action.Assess(t.Context(), s.call, s.token, s.dir)
			_, undoing := s.action.Undo(t.Context(), s.call, s.token, s.dir)
			for _, err := range []error{applying, assessing, undoing} {
				if err == nil || sdk.AsError(err).Code != sdk.InvalidInput {
					t.Errorf("the token %s: %v", token, err)
				}
			}
		}
		s.same(before, "after garbage,")
	})
}

func (s *scene) recoverable(when string) {
	s.t.Helper()
	if a := s.assess(); a.State == sdk.StateOther {
		s.t.Errorf("%s Assess says %q (%s)\n%s", when, a.State, a.Reason, s.m)
	}
}

// cancelled is a context that has ended.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
