package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// top is the key that everything happens below.
const top = `HKLM\SOFTWARE\Rectify plugin test`

// scene is a registry in which an action is done. It holds the action to what plugintest.Action holds one to that changes
// files.
type scene struct {
	t      *testing.T
	store  *registry.Store
	plugin sdk.Plugin
	client *plugintest.Client
	action string
	input  any
	token  json.RawMessage
	state  string
	first  *registry.Tree
}

// stand gives the same registry for each call, whatever the target.
type stand struct{ store *registry.Store }

func (s stand) read(*target.Target) (*registry.Registry, error) { return s.store.Registry, nil }
func (s stand) change(*target.Target) (*registry.Store, error)  { return s.store, nil }

var liveSpec = target.Spec{Kind: target.Live}

// actionCase is one thing that an action is asked to do.
type actionCase struct {
	action  string
	build   func(t *testing.T, s *registry.Store)
	input   any
	noOp    bool
	refuses sdk.ErrorCode
	path    string // of the error
}

// hold checks what every action promises, in the registry that open gives.
func hold(t *testing.T, open func(t *testing.T) *registry.Store, c actionCase) {
	t.Run("prepare", func(t *testing.T) { prepares(t, open, c) })
	if c.refuses != "" || t.Failed() {
		return
	}
	t.Run("garbage tokens", func(t *testing.T) { garbage(newScene(t, open, c).prepared()) })
	if c.noOp {
		t.Run("nothing to do", func(t *testing.T) {
			s := newScene(t, open, c).prepared()
			s.assess(sdk.StateBefore, sdk.StateAfter)
			s.apply()
			s.same(s.first, "Apply, with nothing to do,")
			s.undo()
			s.same(s.first, "Undo, with nothing done,")
		})
		return
	}
	t.Run("never applied", func(t *testing.T) {
		s := newScene(t, open, c).prepared()
		s.assess(sdk.StateBefore)
		s.undo()
		s.same(s.first, "Undo, with nothing done,")
		s.assess(sdk.StateBefore)
	})
	t.Run("applied and undone", func(t *testing.T) { appliedAndUndone(newScene(t, open, c).prepared()) })
	t.Run("crash in apply", func(t *testing.T) {
		s := newScene(t, open, c).prepared()
		images := s.filmed(func(ctx context.Context, call *sdk.Call, a sdk.Action) error {
			_, err := a.Apply(ctx, call, s.raw(), s.token, s.state)
			return err
		})
		done := s.look()
		for _, image := range images {
			image.restore(s)
			s.recoverable(image.at)
			s.apply()
			s.same(done, "Apply, after a crash at "+image.at+",")
			image.restore(s)
			s.undo()
			s.same(s.first, "Undo, after a crash at "+image.at+",")
		}
	})
	t.Run("crash in undo", func(t *testing.T) {
		s := newScene(t, open, c).prepared()
		s.apply()
		for _, image := range s.filmed(func(ctx context.Context, call *sdk.Call, a sdk.Action) error {
			_, err := a.Undo(ctx, call, s.token, s.state)
			return err
		}) {
			image.restore(s)
			s.recoverable(image.at)
			s.undo()
			s.same(s.first, "Undo, after a crash in it at "+image.at+",")
		}
	})
}

func newScene(t *testing.T, open func(*testing.T) *registry.Store, c actionCase) *scene {
	t.Helper()
	store := open(t)
	s := &scene{t: t, store: store, plugin: pluginOf(stand{store}), action: c.action, input: c.input, state: filepath.Join(t.TempDir(), "state")}
	s.client = plugintest.Serve(t, s.plugin)
	if err := os.Mkdir(s.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if c.build != nil {
		c.build(t, store)
	}
	s.first = s.look()
	return s
}

func (s *scene) prepared() *scene {
	s.t.Helper()
	p, err := s.client.Prepare(s.action, liveSpec, s.input)
	if err != nil {
		s.t.Fatal(err)
	}
	s.token = p.Token
	return s
}

// look is all that is below top.
func (s *scene) look() *registry.Tree {
	s.t.Helper()
	tree, err := s.store.Export(s.t.Context(), top)
	if err != nil {
		s.t.Fatal(err)
	}
	return tree
}

func (s *scene) same(want *registry.Tree, who string) {
	s.t.Helper()
	if diff := s.look().Differs(want); diff != "" {
		s.t.Errorf("%s leaves a difference: %s", who, diff)
	}
}

func prepares(t *testing.T, open func(*testing.T) *registry.Store, c actionCase) {
	s := newScene(t, open, c)
	var material any
	for i := range 2 {
		written, err := s.store.Key(top)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.client.Prepare(c.action, liveSpec, c.input)
		s.same(s.first, "Prepare")
		if after, err := s.store.Key(top); err != nil || !after.Written().Equal(written.Written()) {
			t.Errorf("Prepare changes the time of the key, %v", err)
		}
		if c.refuses != "" {
			if e := sdk.AsError(err); err == nil || e.Code != c.refuses || e.Path != c.path {
				t.Errorf("Prepare gives %v, want the code %s at %q", err, c.refuses, c.path)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var token map[string]any
		if err := json.Unmarshal(p.Token, &token); err != nil || token["version"] != 1.0 || len(p.Token) > sdk.MaxToken {
			t.Errorf("the token is %s", p.Token)
		}
		if p.Summary == "" || p.NoOp != c.noOp || len(p.Changes) > 0 == c.noOp || p.Predicted == nil {
			t.Errorf("prepared %+v", p)
		}
		if i > 0 && !reflect.DeepEqual(material, string(p.Material)) {
			t.Errorf("nothing has changed, and the material state is another one:\n%s\n%s", material, p.Material)
		}
		material = string(p.Material)
	}
}

func garbage(s *scene) {
	var fields map[string]any
	if err := json.Unmarshal(s.token, &fields); err != nil {
		s.t.Fatal(err)
	}
	with := func(name string, value any) string {
		changed := map[string]any{}
		for k, v := range fields {
			changed[k] = v
		}
		changed[name] = value
		b, err := json.Marshal(changed)
		if err != nil {
			s.t.Fatal(err)
		}
		return string(b)
	}
	for name, token := range map[string]string{
		"empty": "", "null": "null", "number": "1", "text": `"x"`, "list": "[]", "object": "{}", "not JSON": "{", "cut": string(s.token[:len(s.token)/2]),
		"only a version": `{"version":1}`, "no version": with("version", nil), "later version": with("version", 1<<30), "version as text": with("version", "x"),
		"another key": with("key", `HKLM\SOFTWARE`), "deep": strings.Repeat("[", 20_000),
	} {
		_, applying := s.client.Apply(s.action, liveSpec, s.input, json.RawMessage(token), s.state)
		_, assessing := s.client.Assess(s.action, liveSpec, json.RawMessage(token), s.state)
		_, undoing := s.client.Undo(s.action, liveSpec, json.RawMessage(token), s.state)
		for call, err := range map[string]error{"Apply": applying, "Assess": assessing, "Undo": undoing} {
			if e := sdk.AsError(err); err == nil || e.Code == sdk.Internal {
				s.t.Errorf("%s, of a token that is %s: %v", call, name, err)
			}
		}
	}
	s.same(s.first, "A call with a token that is none")
}

func appliedAndUndone(s *scene) {
	output := s.apply()
	done := s.look()
	if done.Differs(s.first) == "" {
		s.t.Error("Apply has changed nothing")
	}
	s.assess(sdk.StateAfter)
	if again := s.apply(); again != output {
		s.t.Errorf("applied again, the output is another one:\n%s\n%s", output, again)
	}
	s.same(done, "Apply, done again,")
	s.assess(sdk.StateAfter)
	for range 2 {
		s.undo()
		s.same(s.first, "Undo")
		s.assess(sdk.StateBefore)
	}
}

func (s *scene) apply() string {
	s.t.Helper()
	a, err := s.client.Apply(s.action, liveSpec, s.input, s.token, s.state)
	if err != nil {
		s.t.Fatalf("Apply: %v", err)
	}
	return string(a.Output)
}

func (s *scene) undo() {
	s.t.Helper()
	if _, err := s.client.Undo(s.action, liveSpec, s.token, s.state); err != nil {
		s.t.Fatalf("Undo: %v", err)
	}
}

func (s *scene) assess(want ...sdk.State) {
	s.t.Helper()
	before := s.look()
	a, err := s.client.Assess(s.action, liveSpec, s.token, s.state)
	ok := false
	for _, w := range want {
		ok = ok || a.State == w
	}
	if err != nil || !ok {
		s.t.Errorf("Assess says %q (%s), %v; want %q", a.State, a.Reason, err, want)
	}
	s.same(before, "Assess")
}

func (s *scene) recoverable(at string) {
	s.t.Helper()
	a, err := s.client.Assess(s.action, liveSpec, s.token, s.state)
	if err != nil || a.State == sdk.StateOther {
		s.t.Errorf("after a crash at %s Assess says %q (%s), %v", at, a.State, a.Reason, err)
	}
}

// image is the registry and the state directory as a crash would leave them.
type image struct {
	at    string
	tree  *registry.Tree
	files map[string][]byte
}

func (s *scene) filmed(do func(context.Context, *sdk.Call, sdk.Action) error) []image {
	s.t.Helper()
	machine, err := target.Open(liveSpec)
	if err != nil {
		s.t.Fatal(err)
	}
	action, ok := s.plugin.Action(s.action)
	if !ok {
		s.t.Fatalf("there is no action %s", s.action)
	}
	var images []image
	call := &sdk.Call{Target: machine, Report: func(p sdk.Progress) {
		i := image{p.Note, s.look(), map[string][]byte{}}
		names, err := filepath.Glob(filepath.Join(s.state, "*"))
		for _, name := range names {
			data, bad := os.ReadFile(name)
			i.files[filepath.Base(name)], err = data, errors.Join(err, bad)
		}
		if err != nil {
			s.t.Error(err)
		}
		images = append(images, i)
	}}
	if err := do(s.t.Context(), call, action); err != nil {
		s.t.Fatal(err)
	}
	if len(images) < 2 {
		s.t.Errorf("%d instants were reported", len(images))
	}
	return images
}

func (i image) restore(s *scene) {
	s.t.Helper()
	err := s.store.DeleteTree(s.look(), func(string) {})
	if err == nil {
		err = s.store.Import(s.t.Context(), i.tree, func(string) {})
	}
	if bad := os.RemoveAll(s.state); err == nil {
		err = bad
	}
	if bad := os.Mkdir(s.state, 0o700); err == nil {
		err = bad
	}
	for name, data := range i.files {
		err = errors.Join(err, os.WriteFile(filepath.Join(s.state, name), data, 0o600))
	}
	if err != nil {
		s.t.Fatal(fmt.Errorf("the registry cannot be put back: %w", err))
	}
}

// raw is the input as an action gets it.
func (s *scene) raw() json.RawMessage {
	s.t.Helper()
	raw, err := json.Marshal(s.input)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}
