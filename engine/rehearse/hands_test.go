package rehearse

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

var testTime = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// shop is a playbook with two groups that hold the same services still, and a step beside them.
func shop(t *testing.T) *check.Playbook {
	t.Helper()
	names := json.RawMessage(`{"type":"object","properties":{"names":{"type":"array","items":{"type":"string"}}},"required":["names"]}`)
	nothing := json.RawMessage(`{"type":"object","properties":{}}`)
	action := func(id, name string, input json.RawMessage, effect sdk.Effect) *check.Step {
		in, err := schema.Parse(input)
		if err != nil {
			t.Fatal(err)
		}
		return &check.Step{ID: id, Kind: playbook.ActionStep, Plugin: "shop", Action: sdk.ActionManifest{Name: name, Output: nothing, Effect: effect}, Input: in}
	}
	group := func(id string) *check.Step {
		return &check.Step{ID: id, Kind: playbook.GroupStep,
			Steps:   []*check.Step{action(id+".1", "close", names, sdk.Reversible), action(id+".2", "paint", nothing, sdk.Reversible)},
			Finally: []*check.Step{action(id+".finally.1", "open", names, sdk.Reversible)},
		}
	}
	return &check.Playbook{Steps: []*check.Step{group("first"), group("second"), action("clean", "close", names, sdk.Reversible), action("again", "restart", nothing, sdk.Restarts)}}
}

// clerk drives hands as a run does: what is about to happen is written down first.
type clerk struct {
	t *testing.T
	*hands
}

func newClerk(t *testing.T, behaviours map[string]*behaviour) *clerk {
	return &clerk{t, newHands(shop(t), behaviours, &records{clock: &clock{now: testTime}})}
}

func (c *clerk) prepare(step, uses string, names ...string) execute.Call {
	c.t.Helper()
	input := map[string]any{}
	for _, n := range names {
		list, _ := input["names"].([]any)
		input["names"] = append(list, n)
	}
	p, err := c.Prepare(c.t.Context(), uses, input)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.log.Append(journal.Intended, step, journal.Intent{Uses: uses}); err != nil {
		c.t.Fatal(err)
	}
	return execute.Call{Uses: uses, Token: p.Token}
}

func (c *clerk) do(step, uses string, names ...string) execute.Call {
	c.t.Helper()
	call := c.prepare(step, uses, names...)
	c.apply(call)
	return call
}

func (c *clerk) apply(call execute.Call) {
	c.t.Helper()
	if _, err := c.Apply(c.t.Context(), call, nil); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clerk) undo(call execute.Call) {
	c.t.Helper()
	if _, err := c.Undo(c.t.Context(), call, nil); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clerk) state(call execute.Call) sdk.State {
	c.t.Helper()
	a, err := c.Assess(c.t.Context(), call)
	if err != nil {
		c.t.Fatal(err)
	}
	return a.State
}

func TestStates(t *testing.T) {
	tests := map[string]struct {
		behaviours map[string]*behaviour
		course     func(*clerk) execute.Call
		want       sdk.State
	}{
		"prepared": {course: func(c *clerk) execute.Call { return c.prepare("first.1", "shop.close", "a") }, want: sdk.StateBefore},
		"done":     {course: func(c *clerk) execute.Call { return c.do("first.1", "shop.close", "a") }, want: sdk.StateAfter},
		"taken-back": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a")
			c.undo(call)
			return call
		}, want: sdk.StateBefore},
		"released-by-its-group": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a", "b")
			c.do("first.finally.1", "shop.open", "B", "A")
			return call
		}, want: sdk.StateBefore},
		"released-in-part": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a", "b")
			c.do("first.finally.1", "shop.open", "b")
			return call
		}, want: sdk.StatePartial},
		"about-something-else": {course: func(c *clerk) execute.Call {
			call := c.do("first.2", "shop.paint")
			c.do("first.finally.1", "shop.open", "b")
			return call
		}, want: sdk.StateAfter},
		"another-group-releases-nothing": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a")
			c.do("second.finally.1", "shop.open", "a")
			return call
		}, want: sdk.StateAfter},
		"what-is-outside-is-not-released": {course: func(c *clerk) execute.Call {
			call := c.do("clean", "shop.close", "a")
			c.do("first.finally.1", "shop.open", "a")
			return call
		}, want: sdk.StateAfter},
		"held-again": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a")
			c.do("first.finally.1", "shop.open", "a")
			if err := c.log.Append(journal.Intended, "first.1", journal.Intent{Role: "hold"}); err != nil {
				c.t.Fatal(err)
			}
			c.apply(call)
			return call
		}, want: sdk.StateAfter},
		"taken-back-and-changed-again": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a")
			c.undo(call)
			c.do("first.finally.1", "shop.open", "a")
			return call
		}, want: sdk.StatePartial},
		"put-back": {course: func(c *clerk) execute.Call {
			call := c.do("first.1", "shop.close", "a")
			c.undo(call)
			c.do("first.finally.1", "shop.open", "a")
			c.undo(call)
			return call
		}, want: sdk.StateBefore},
		"the-finally-itself": {course: func(c *clerk) execute.Call {
			call := c.do("first.finally.1", "shop.open", "a")
			c.do("first.finally.1", "shop.open", "a")
			return call
		}, want: sdk.StateAfter},
		"a-lie": {
			behaviours: map[string]*behaviour{"shop.close": {does: playbook.Lie}},
			course:     func(c *clerk) execute.Call { return c.do("first.1", "shop.close", "a") },
			want:       sdk.StateAfter,
		},
		"a-restart": {course: func(c *clerk) execute.Call { return c.do("again", "shop.restart") }, want: sdk.StateAfter},
		"a-restart-that-lies": {
			behaviours: map[string]*behaviour{"shop.restart": {does: playbook.Lie}},
			course:     func(c *clerk) execute.Call { return c.do("again", "shop.restart") },
			want:       sdk.StateBefore,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newClerk(t, test.behaviours)
			if got := c.state(test.course(c)); got != test.want {
				t.Errorf("its state is %q, want %q", got, test.want)
			}
		})
	}
}

func TestBehaviours(t *testing.T) {
	c := newClerk(t, map[string]*behaviour{
		"shop.close":   {does: playbook.Fail, reason: "it is locked", times: 2},
		"shop.paint":   {does: playbook.NeedsRestart, times: 1},
		"shop.restart": {does: playbook.Succeed},
	})
	locked := c.prepare("first.1", "shop.close", "a")
	for range 2 {
		_, err := c.Apply(t.Context(), locked, nil)
		var told *sdk.Error
		if !errors.As(err, &told) || told.Message != "it is locked" || c.state(locked) != sdk.StateBefore {
			t.Fatalf("%v, and its state is %q", err, c.state(locked))
		}
	}
	c.apply(locked) // the third time it works
	for want := range []bool{false, true} {
		applied, err := c.Apply(t.Context(), c.prepare("first.2", "shop.paint"), nil)
		if err != nil || applied.NeedsRestart != (want == 0) {
			t.Errorf("attempt %d needs a restart: %v, %v", want+1, applied.NeedsRestart, err)
		}
	}
	c.do("again", "shop.restart")
	if c.restarts != 1 {
		t.Errorf("%d restarts", c.restarts)
	}
	for _, raw := range []string{`{"effect":99}`, `{"effect":-1}`, `[]`, ``} {
		if _, err := c.Assess(t.Context(), execute.Call{Uses: "shop.close", Token: json.RawMessage(raw)}); err == nil {
			t.Errorf("the token %q was taken", raw)
		}
	}
	if _, err := c.Prepare(t.Context(), "shop.burn", nil); err == nil {
		t.Error("an action that no step uses was prepared")
	}
}

func TestEndlessPreparing(t *testing.T) {
	c := newClerk(t, nil)
	for range mostEffects {
		c.prepare("clean", "shop.close", "a")
	}
	if _, err := c.Prepare(t.Context(), "shop.close", nil); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("%v", err)
	}
}

func TestPreview(t *testing.T) {
	c := newClerk(t, nil)
	p, err := c.Prepare(t.Context(), "shop.close", map[string]any{"names": []any{"front", "back"}, "wait": true})
	if err != nil {
		t.Fatal(err)
	}
	if p.Summary != "shop.close front, back, true" {
		t.Errorf("summary %q", p.Summary)
	}
	if want := []sdk.Change{{What: "shop front"}, {What: "shop back"}}; !slices.Equal(p.Changes, want) || p.Predicted != nil || p.NoOp {
		t.Errorf("%+v", p)
	}
	if p, err = c.Prepare(t.Context(), "shop.paint", nil); err != nil || p.Summary != "shop.paint" || p.Changes[0].What != "shop" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFilled(t *testing.T) {
	output, err := schema.Parse([]byte(`{"type":"object","required":["text","word","n","least","ratio","yes","at","took","size","code","list","inner"],"properties":{
		"text":{"type":"string"},"word":{"type":"string","enum":["one","two"]},"n":{"type":"integer"},"least":{"type":"integer","minimum":3},
		"ratio":{"type":"number"},"yes":{"type":"boolean"},"at":{"type":"string","format":"date-time"},"took":{"type":"string","format":"rectify-duration"},
		"size":{"type":"integer","format":"rectify-size"},"code":{"type":"string","format":"hresult"},"list":{"type":"array","items":{"type":"object","required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"integer"}}}},
		"inner":{"type":"object","required":["x"],"properties":{"x":{"type":"string","default":"usual"}}},"left_out":{"type":"string"},"count":{"type":"integer","x-counts":"list"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := filled(output, map[string]any{"text": "given", "list": []any{map[string]any{"a": "x"}}}, testTime)
	want := map[string]any{
		"text": "given", "word": "one", "n": int64(0), "least": int64(3), "ratio": 0.0, "yes": false, "at": testTime, "list": []any{map[string]any{"a": "x", "b": int64(0)}},
		"took": time.Duration(0), "size": int64(0), "code": hresult.Code(0), "inner": map[string]any{"x": "usual"}, "count": int64(1),
	}
	for name, v := range want {
		if !reflect.DeepEqual(got[name], v) {
			t.Errorf("%s is %#v, want %#v", name, got[name], v)
		}
	}
	if _, has := got["left_out"]; has {
		t.Error("a field that may be missing was made up")
	}
	written, err := schema.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := output.Canonical(written); err != nil {
		t.Errorf("the output does not fit its own schema: %v", err)
	}
}

// TestClock makes sure that the longest limit is reached in few waits, and that the time stays one that can be written.
func TestClock(t *testing.T) {
	c := &clock{now: testTime}
	end := testTime.Add(time.Duration(1<<63 - 1))
	waits := 0
	for c.Now().Before(end) {
		c.Wait(t.Context(), 15*time.Second)
		if waits++; waits > 5000 {
			t.Fatalf("after %d waits it is %s", waits, c.Now())
		}
	}
	if _, err := json.Marshal(c.Now()); err != nil {
		t.Error(err)
	}
	c = &clock{now: testTime}
	c.Wait(t.Context(), time.Minute)
	if got := c.Now().Sub(testTime); got != time.Minute {
		t.Errorf("the first wait took %s", got)
	}
}

func TestPossible(t *testing.T) {
	m := sdk.Manifest{Name: "shop", Actions: []sdk.ActionManifest{
		{Name: "declared", Needs: sdk.Needs{Elevation: true, Platforms: []string{"plan9"}}},
		{Name: "offline", Targets: []sdk.TargetKind{sdk.Offline}},
	}}
	catalog := possible{check.PluginCatalog{"shop": m}}
	got, err := catalog.Plugin("shop")
	if err != nil {
		t.Fatal(err)
	}
	declared, offline := got.Actions[0], got.Actions[1]
	if !slices.Equal(declared.Targets, []sdk.TargetKind{sdk.Live}) || declared.Needs.Platforms != nil || !declared.Needs.Elevation {
		t.Errorf("%+v", declared)
	}
	if !slices.Equal(offline.Targets, []sdk.TargetKind{sdk.Offline}) {
		t.Errorf("%+v", offline)
	}
	if m.Actions[0].Targets != nil {
		t.Error("the manifest itself was changed")
	}
	if _, err := catalog.Plugin("other"); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("%v", err)
	}
}
