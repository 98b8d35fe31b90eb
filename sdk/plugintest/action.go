package plugintest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Scene is a world that an action is tested in.
type Scene struct {
	Target target.Spec
	// Folder is everything that the action may change, its state directory aside; the root of an offline target when
	// it is empty. It is watched whole, and put back as it was at the instants of simulated crashes: keep it small.
	Folder string
	Input  any // of the action, as [Client.Prepare] takes it
}

// ActionCase is one thing that an action is asked to do.
type ActionCase struct {
	Action string // without the plugin's name: "note"
	// Scene makes a world, the same each time and each time anew.
	Scene func(t testing.TB) Scene
	// NoOp says that there is nothing to do here, and Prepare must say so.
	NoOp bool
	// Refuses is the code of the error that Prepare must give here; empty when it must not.
	Refuses sdk.ErrorCode
}

// Action checks with a case what every action promises:
//
//   - Prepare and Assess change nothing, not even a time, and Prepare gives the same material state each time;
//   - the token is versioned and small, and anything else in its place is refused with an error;
//   - to undo what was never applied changes nothing;
//   - to apply twice is to apply once, with the same output;
//   - to undo restores contents, names and modes, and to undo again changes nothing;
//   - Assess tells before from after;
//   - after a crash in Apply or Undo, at the instants at which they report progress, Apply finishes and Undo takes back;
//   - nothing is written beside the state directory.
//
// An action that reports progress before and after its effects is tested well. Of one that cannot be undone the checks of
// undo are left out, and of one that restarts the machine everything after Prepare.
func Action(t *testing.T, p sdk.Plugin, c ActionCase) {
	t.Helper()
	action, ok := p.Action(c.Action)
	if !ok {
		t.Fatalf("plugin %s has no action %q", p.Name, c.Action)
	}
	h := &harness{plugin: p, c: c, action: action, effect: action.Manifest().Effect}
	t.Run("prepare", h.prepare)
	if c.Refuses != "" || h.effect == sdk.Restarts || t.Failed() {
		return
	}
	t.Run("garbage tokens", h.garbage)
	if c.NoOp {
		t.Run("nothing to do", h.nothing)
		return
	}
	t.Run("never applied", h.neverApplied)
	t.Run("applied and undone", h.appliedAndUndone)
	t.Run("crash in apply", h.crashInApply)
	if h.effect == sdk.Reversible {
		t.Run("crash in undo", h.crashInUndo)
	}
}

type harness struct {
	plugin sdk.Plugin
	c      ActionCase
	action sdk.Action
	effect sdk.Effect
}

// stage is a scene in which an action is done once.
type stage struct {
	*harness
	*Client
	t     *testing.T
	scene Scene
	token json.RawMessage
	state string // the state directory
	first tree   // the folder when the curtain rose
}

// set makes a scene, and a state directory that has no neighbours. The plugin is served for this scene alone, and let go
// before the scene is cleared away: Windows deletes no folder that is open, and a plugin keeps the root of its target open.
func (h *harness) set(t *testing.T) *stage {
	t.Helper()
	scene := h.c.Scene(t)
	s := &stage{harness: h, Client: Serve(t, h.plugin), t: t, scene: scene}
	if s.scene.Folder == "" {
		s.scene.Folder = s.scene.Target.Root
	}
	if s.scene.Folder == "" {
		t.Fatal("the scene names no folder to watch")
	}
	s.state = filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(s.state, 0o700); err != nil {
		t.Fatal(err)
	}
	s.first = readTree(t, s.scene.Folder)
	return s
}

// prepared makes a scene and prepares the action in it.
func (h *harness) prepared(t *testing.T) *stage {
	t.Helper()
	s := h.set(t)
	p, err := s.Prepare(h.c.Action, s.scene.Target, s.scene.Input)
	if err != nil {
		t.Fatal(err)
	}
	s.token = p.Token
	return s
}

func (h *harness) prepare(t *testing.T) {
	s := h.set(t)
	var material any
	for i := range 2 {
		p, err := s.Prepare(h.c.Action, s.scene.Target, s.scene.Input)
		s.unchanged("Prepare")
		if h.c.Refuses != "" {
			s.refusal(err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		s.wellPrepared(p)
		now := decode(t, "the material state", p.Material)
		if i > 0 && !reflect.DeepEqual(now, material) {
			t.Errorf("nothing has changed, and the material state is another one: a saved plan would be refused\n%v\n%v", material, now)
		}
		material = now
	}
}

func (s *stage) refusal(err error) {
	s.t.Helper()
	if err == nil {
		s.t.Errorf("Prepare does not refuse, want code %s", s.c.Refuses)
	} else if e := sdk.AsError(err); e.Code != s.c.Refuses {
		s.t.Errorf("Prepare refuses with code %s, want %s: %v", e.Code, s.c.Refuses, e)
	}
}

func (s *stage) wellPrepared(p sdk.Prepared) {
	s.t.Helper()
	if p.Summary == "" || strings.Contains(p.Summary, "\n") {
		s.t.Errorf("summary %q: one line is expected", p.Summary)
	}
	if p.NoOp != s.c.NoOp {
		s.t.Errorf("there is nothing to do: %v, want %v (%s)", p.NoOp, s.c.NoOp, p.Summary)
	}
	if !p.NoOp && len(p.Changes) == 0 {
		s.t.Error("Prepare names no change")
	}
	for i, change := range p.Changes {
		if change.What == "" {
			s.t.Errorf("change %d does not say what is changed", i)
		}
	}
	if len(p.Token) > sdk.MaxToken {
		s.t.Errorf("the token has %d bytes, at most %d are allowed", len(p.Token), sdk.MaxToken)
	}
	token, _ := decode(s.t, "the token", p.Token).(map[string]any)
	if _, ok := token["version"].(json.Number); !ok {
		s.t.Errorf("the token has no number %q: a later version of the plugin could not tell how to read it\n%s", "version", p.Token)
	}
	if p.Predicted != nil {
		m := s.action.Manifest()
		checkValue(s.t, "the prediction of "+s.c.Action, m.Input, m.Output, s.json(s.scene.Input), p.Predicted)
	}
}

func (h *harness) nothing(t *testing.T) {
	s := h.prepared(t)
	a, err := s.Assess(h.c.Action, s.scene.Target, s.token, s.state)
	if err != nil || a.State != sdk.StateBefore && a.State != sdk.StateAfter {
		t.Errorf("there is nothing to do, and Assess says %q (%s), %v; want before or after", a.State, a.Reason, err)
	}
	s.apply()
	s.same(s.first, "Apply, with nothing to do,")
	if h.effect == sdk.Reversible {
		s.undo()
		s.same(s.first, "Undo, with nothing done,")
	}
}

func (h *harness) neverApplied(t *testing.T) {
	s := h.prepared(t)
	s.assess(sdk.StateBefore)
	if h.effect == sdk.Irreversible {
		if _, err := s.Undo(h.c.Action, s.scene.Target, s.token, s.state); err == nil || sdk.AsError(err).Code != sdk.Unsupported {
			t.Errorf("an irreversible action: Undo gives %v, want code %s", err, sdk.Unsupported)
		}
		s.unchanged("Undo, which it cannot,")
		return
	}
	s.undo()
	s.unchanged("Undo, with nothing done,")
	s.assess(sdk.StateBefore)
}

func (h *harness) appliedAndUndone(t *testing.T) {
	s := h.prepared(t)
	output := s.apply()
	done := readTree(t, s.scene.Folder)
	if diff := s.first.differs(done, false); len(diff) == 0 {
		t.Errorf("Apply has changed nothing in %s: is it the folder to watch?", s.scene.Folder)
	}
	s.assess(sdk.StateAfter)
	if again := s.apply(); !reflect.DeepEqual(again, output) {
		t.Errorf("applied again, the output is another one:\n%v\n%v", output, again)
	}
	s.same(done, "Apply, done again,")
	s.assess(sdk.StateAfter)
	if h.effect == sdk.Reversible {
		for range 2 {
			s.undo()
			s.same(s.first, "Undo")
			s.assess(sdk.StateBefore)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(s.state)); err != nil || len(left) != 1 {
		t.Errorf("there is something beside the state directory: %v, %v", left, err)
	}
}

func (h *harness) garbage(t *testing.T) {
	s := h.prepared(t)
	var fields map[string]any
	if err := json.Unmarshal(s.token, &fields); err != nil {
		t.Fatalf("the token is not an object: %v", err)
	}
	with := func(name string, value any) string {
		changed := map[string]any{}
		for k, v := range fields {
			changed[k] = v
		}
		changed[name] = value
		b, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	garbage := map[string]string{
		"empty": "", "null": "null", "number": "1", "text": `"x"`, "list": "[]", "object": "{}", "not JSON": "{", "cut": string(s.token[:len(s.token)/2]),
		"only a version": `{"version":1}`, "no version": with("version", nil), "later version": with("version", 1<<30), "version as text": with("version", "x"),
		"deep": strings.Repeat("[", 20_000),
	}
	for name, token := range garbage {
		_, applying := s.Apply(h.c.Action, s.scene.Target, s.scene.Input, json.RawMessage(token), s.state)
		_, assessing := s.Assess(h.c.Action, s.scene.Target, json.RawMessage(token), s.state)
		_, undoing := s.Undo(h.c.Action, s.scene.Target, json.RawMessage(token), s.state)
		for call, err := range map[string]error{"Apply": applying, "Assess": assessing, "Undo": undoing} {
			if err == nil {
				t.Errorf("%s takes a token that is %s: %.80s", call, name, token)
			} else if e := sdk.AsError(err); e.Code == sdk.Internal {
				t.Errorf("%s, of a token that is %s: got the internal error %v, want one of code %s", call, name, e, sdk.InvalidInput)
			}
		}
	}
	s.unchanged("A call with a token that is none")
}

func (h *harness) crashInApply(t *testing.T) {
	s := h.prepared(t)
	images := s.filmed(func(ctx context.Context, call *sdk.Call) error {
		_, err := h.action.Apply(ctx, call, s.input(), s.token, s.state)
		return err
	})
	done := readTree(t, s.scene.Folder)
	for i, image := range images {
		at := fmt.Sprintf("after a crash in Apply at progress %d (%q)", i+1, image.at)
		image.restore(s)
		s.recoverable(at)
		s.apply()
		s.same(done, "Apply, "+at+",")
		if h.effect == sdk.Reversible {
			image.restore(s)
			s.undo()
			s.same(s.first, "Undo, "+at+",")
		}
	}
}

func (h *harness) crashInUndo(t *testing.T) {
	s := h.prepared(t)
	s.apply()
	for i, image := range s.filmed(func(ctx context.Context, call *sdk.Call) error {
		_, err := h.action.Undo(ctx, call, s.token, s.state)
		return err
	}) {
		at := fmt.Sprintf("after a crash in Undo at progress %d (%q)", i+1, image.at)
		image.restore(s)
		s.recoverable(at)
		s.undo()
		s.same(s.first, "Undo, "+at+",")
	}
}

// recoverable wants an assessment that lets a run go on.
func (s *stage) recoverable(at string) {
	s.t.Helper()
	a, err := s.Assess(s.c.Action, s.scene.Target, s.token, s.state)
	if err != nil || a.State == sdk.StateOther {
		s.t.Errorf("%s Assess says %q (%s), %v; want before, partial or after", at, a.State, a.Reason, err)
	}
}

func (s *stage) assess(want sdk.State) {
	s.t.Helper()
	held, now := readTree(s.t, s.state), readTree(s.t, s.scene.Folder)
	a, err := s.Assess(s.c.Action, s.scene.Target, s.token, s.state)
	if err != nil || a.State != want {
		s.t.Errorf("Assess says %q (%s), %v; want %q", a.State, a.Reason, err, want)
	}
	for _, diff := range append(held.differs(readTree(s.t, s.state), true), now.differs(readTree(s.t, s.scene.Folder), true)...) {
		s.t.Errorf("Assess changes something: %s", diff)
	}
}

// apply applies and gives the output.
func (s *stage) apply() any {
	s.t.Helper()
	a, err := s.Apply(s.c.Action, s.scene.Target, s.scene.Input, s.token, s.state)
	if err != nil {
		s.t.Fatalf("Apply: %v", err)
	}
	return decode(s.t, "the output", a.Output)
}

func (s *stage) undo() {
	s.t.Helper()
	a, err := s.Undo(s.c.Action, s.scene.Target, s.token, s.state)
	if err != nil {
		s.t.Fatalf("Undo: %v", err)
	}
	m := s.action.Manifest()
	checkValue(s.t, "the output of undo of "+s.c.Action, m.Input, m.Output, s.json(s.scene.Input), a.Output)
}

// unchanged wants the folder as it was in every respect.
func (s *stage) unchanged(who string) {
	s.t.Helper()
	for _, diff := range s.first.differs(readTree(s.t, s.scene.Folder), true) {
		s.t.Errorf("%s changes something: %s", who, diff)
	}
}

// same wants a folder of the same contents, names and modes; times go on.
func (s *stage) same(want tree, who string) {
	s.t.Helper()
	for _, diff := range want.differs(readTree(s.t, s.scene.Folder), false) {
		s.t.Errorf("%s leaves a difference: %s", who, diff)
	}
}

// input is the scene's as an action gets it: with its defaults.
func (s *stage) input() json.RawMessage {
	s.t.Helper()
	typ := parse(s.t, "input", s.action.Manifest().Input)
	v, err := typ.Canonical(s.json(s.scene.Input))
	if err != nil {
		s.t.Fatalf("the input: %v", err)
	}
	object, _ := v.(map[string]any)
	raw, err := schema.Marshal(typ.WithDefaults(object))
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func decode(t testing.TB, what string, raw json.RawMessage) any {
	t.Helper()
	if raw == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s is not JSON: %v\n%s", what, err, raw)
	}
	return v
}
