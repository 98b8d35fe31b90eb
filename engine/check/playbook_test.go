package check_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/hresult"
)

func everything(t *testing.T) *check.Playbook {
	t.Helper()
	const path = "testdata/ok/everything.yaml"
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, list := checked(t, path, src, newCatalog())
	if p == nil {
		t.Fatalf("\n%s", rendered(t, path, src, list))
	}
	return p
}

func TestArguments(t *testing.T) {
	values := map[string]check.Value{}
	for _, a := range everything(t).Probe("attempts").With {
		values[a.Name] = a.Value
	}
	for name, want := range map[string]any{
		"larger": int64(100), "most": int64(200), "ratio": 1.0, "deep": true, "code": hresult.Code(0x8024001E),
		"near": map[string]any{"file": "a", "within": "disk"},
	} {
		if got := values[name].Const; fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			t.Errorf("%s is %#v, want %#v", name, got, want)
		}
	}
	options := values["options"].Map
	if len(options) != 2 || fmt.Sprint(options[0].Value.Const) != "[1 two map[b:true]]" || options[1].Value.Expression == nil {
		t.Errorf("free data: %+v", options)
	}
	labels := values["labels"].Map
	if len(labels) != 2 || labels[0].Value.Text == nil || labels[1].Value.OptionalInput != "extra" {
		t.Errorf("labels: %+v", labels)
	}
	if values["since"].Expression == nil || values["since"].OptionalInput != "" {
		t.Errorf("since: %+v", values["since"])
	}
}

func TestNeeds(t *testing.T) {
	p := everything(t)
	for probe, want := range map[string][]string{"attempts": {"service"}, "service": nil, "windowed": {"attempts", "events", "service"}} {
		if got := p.Probe(probe).Needs; !slices.Equal(got, want) {
			t.Errorf("%s needs %v, want %v", probe, got, want)
		}
	}
	if got := p.ProbesUnder(p.Cause("c").When); !slices.Equal(got, []string{"service", "events"}) {
		t.Errorf("the cause rests on %v", got)
	}
	if got := p.ProbesUnder(p.Applies.When); !slices.Equal(got, []string{"attempts", "service", "events", "windowed"}) {
		t.Errorf("applies rests on %v", got)
	}
	if got := p.Probe("attempts").Timeout; got != 5*time.Minute {
		t.Errorf("timeout %s", got)
	}
}

func TestSteps(t *testing.T) {
	var ids []string
	p := everything(t)
	check.Walk(p.Steps, func(s *check.Step) { ids = append(ids, s.ID) })
	check.Walk(p.Afterwards, func(s *check.Step) { ids = append(ids, s.ID) })
	want := "ask group unpacked installed 2.3 2.3.1 2.finally.1 3 again"
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
	group := p.Steps[1]
	if unpacked := group.Steps[0]; unpacked.Uses() != "act.expand" || unpacked.Action.Effect != sdk.Reversible || unpacked.Retry.Times != 2 || unpacked.With[1].Value.OptionalInput != "extra" {
		t.Errorf("%+v", unpacked)
	}
}

func TestProbeNamed(t *testing.T) {
	functions := newCatalog()
	if p, err := check.ProbeNamed("look.status", functions); err != nil || p.Uses() != "look.status" || len(p.Input.Fields) != 1 || len(p.Output.Fields) != 6 {
		t.Errorf("%+v, %v", p, err)
	}
	for uses, says := range map[string]string{
		"status": "write PLUGIN.PROBE", "lock.status": `no plugin "lock"`, "look.state": "it has query, search, status",
		"unpinned.x": "not pinned", "odd.look": "oneOf",
	} {
		if _, err := check.ProbeNamed(uses, functions); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", uses, err, says)
		}
	}
}
