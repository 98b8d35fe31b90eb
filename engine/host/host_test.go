package host

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rectify-project/rectify/sdk"
)

func TestObserve(t *testing.T) {
	h := testHost(t, "good")
	a, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "greet"}, Events{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Value["text"] != "hello" || a.Value["count"] != int64(3) {
		t.Errorf("got %v", a.Value)
	}
	if len(a.Evidence) != 1 || a.Evidence[0].Pointer != "/items/0" || a.Evidence[0].Line != 7 || a.Evidence[0].Text != "bad \uFFFD byte" {
		t.Errorf("evidence %+v", a.Evidence)
	}
	if a.Partial != "half" || a.Covers == nil || a.Covers.From.Year() != 2026 || !a.Covers.To.IsZero() || a.Missing["/when"] != "unknown" || a.Settle != "ask" {
		t.Errorf("reading %+v", a)
	}
}

func TestActionCrossesTheWire(t *testing.T) {
	h := testHost(t, "acting")
	state, path := t.TempDir(), filepath.Join(t.TempDir(), "note")
	input := map[string]any{"what": path}
	p, err := h.Prepare(t.Context(), "acting.note", live, input)
	if err != nil {
		t.Fatal(err)
	}
	if p.Predicted["count"] != int64(3) || string(p.Material) != `{"a":[2],"z":1}` || p.Summary == "" || p.Changes[0].After != "there" {
		t.Errorf("prepared %+v", p)
	}
	assess := func(want sdk.State) {
		t.Helper()
		if a, err := h.Assess(t.Context(), "acting.note", live, p.Token, state); err != nil || a.State != want {
			t.Errorf("assessed %+v, %v, want %s", a, err, want)
		}
	}
	assess(sdk.StateBefore)
	var mu sync.Mutex
	var notes []string
	a, err := h.Apply(t.Context(), "acting.note", live, input, p.Token, state, Events{Progress: func(p sdk.Progress) {
		mu.Lock()
		notes = append(notes, p.Note)
		mu.Unlock()
	}})
	if err != nil || !a.NeedsRestart || a.Output["text"] != path {
		t.Fatalf("applied %+v, %v", a, err)
	}
	if len(notes) != 1 || notes[0] != "writing" {
		t.Errorf("progress %q", notes)
	}
	assess(sdk.StateAfter)
	if _, err := h.Undo(t.Context(), "acting.note", live, p.Token, state, Events{}); err != nil {
		t.Fatal(err)
	}
	assess(sdk.StateBefore)
	if _, err := os.Stat(path); err == nil {
		t.Error("the note is still there")
	}
	_, err = h.Undo(t.Context(), "acting.note", live, p.Token, t.TempDir(), Events{})
	want(t, err, PluginError, "acting.note", "was it applied?")
}
