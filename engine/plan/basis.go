package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Basis is what a plan rests on, and what must still be so when it is carried out. It holds no raw facts: counts, free
// space and clocks move every second.
type Basis struct {
	Playbook  string                     `json:"playbook"`  // digest of its text
	Functions map[string]string          `json:"functions"` // digest of the manifest of each probe, and of each planned action
	Target    string                     `json:"target"`    // identity
	Inputs    map[string]json.RawMessage `json:"inputs,omitempty"`
	Assumed   map[string]string          `json:"assumed,omitempty"`
	Choice    Choice                     `json:"choice,omitzero"`
	Outcome   string                     `json:"outcome"`
	Verdicts  map[string]string          `json:"verdicts,omitempty"` // of the causes that planned steps are for
	Steps     []StepBasis                `json:"steps,omitempty"`
}

// StepBasis is what one step of a plan rests on.
type StepBasis struct {
	Key      string          `json:"key"`
	Title    string          `json:"title,omitempty"`
	State    State           `json:"state"`
	Input    json.RawMessage `json:"input,omitempty"`
	Unbound  []string        `json:"unbound,omitempty"`
	Material json.RawMessage `json:"material,omitempty"` // the state that its action says it rests on
}

// Difference is a part of the basis that is not what it was.
type Difference struct {
	What string `json:"what"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

func (d Difference) String() string { return fmt.Sprintf("%s: was %s, is %s", d.What, d.Was, d.Is) }

// Seal fills in the basis, the fingerprint and the digest of a plan whose playbook, target and inputs are set. inputs are
// canonical, with defaults.
func (p *Plan) Seal(of *check.Playbook, r *diagnose.Result, inputs map[string]any) {
	written := map[string]json.RawMessage{}
	for name, v := range inputs {
		written[name] = raw(v)
	}
	p.seal(of, r, written)
}

func (p *Plan) seal(of *check.Playbook, r *diagnose.Result, inputs map[string]json.RawMessage) {
	b := Basis{Playbook: p.Playbook.SHA256, Functions: map[string]string{}, Target: p.Target.Identity, Inputs: inputs,
		Assumed: p.Assumed, Choice: p.Choice, Outcome: p.Outcome, Verdicts: map[string]string{}}
	for _, probe := range of.Probes {
		b.Functions[probe.Uses()] = sealed(probe.Manifest)
	}
	checked := map[string]*check.Step{}
	check.Walk(slices.Concat(of.Steps, of.Afterwards), func(s *check.Step) { checked[s.ID] = s })
	Walk(slices.Concat(p.Steps, p.Afterwards), func(s *Step) {
		b.Steps = append(b.Steps, s.basis())
		c := checked[s.ID]
		if !s.Holds() || c == nil {
			return
		}
		if s.Uses != "" {
			b.Functions[s.Uses] = sealed(c.Action)
		}
		for _, cause := range c.For {
			b.Verdicts[cause] = r.Environment.Cause(cause).Verdict.String()
		}
	})
	p.Basis = b
	p.Fingerprint = sealed(b)
	p.Digest = ""
	p.Digest = sealed(p)
}

func (s *Step) basis() StepBasis {
	b := StepBasis{Key: s.Key, Title: s.Title, State: s.State, Input: s.Input, Unbound: s.Unbound}
	if s.Preview != nil {
		b.Material = s.Preview.Material
	}
	return b
}

// digest is the SHA-256, in hex, of a value's JSON with sorted keys.
func digest(v any) (string, error) {
	written, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	plain, err := schema.Of(schema.Any).Canonical(written)
	if err != nil {
		return "", err
	}
	if written, err = schema.Marshal(plain); err != nil {
		return "", err
	}
	sum := sha256.Sum256(written)
	return hex.EncodeToString(sum[:]), nil
}

// sealed is the digest of a part of a plan that was made here: [Preview.fill] has refused what cannot be written.
func sealed(v any) string {
	sum, err := digest(v)
	if err != nil {
		panic(fmt.Sprintf("a plan that cannot be written as JSON: %v", err))
	}
	return sum
}

// Compare lists what of a basis is not what it was, in a stable order.
func Compare(was, is Basis) []Difference {
	c := &comparer{}
	c.text("the playbook's text", short(was.Playbook), short(is.Playbook))
	c.text("the target", short(was.Target), short(is.Target))
	c.text("what the diagnosis came to", was.Outcome, is.Outcome)
	c.texts("the manifest of ", short, was.Functions, is.Functions)
	c.texts("the input ", nil, rawTexts(was.Inputs), rawTexts(is.Inputs))
	c.texts("the assumption ", nil, was.Assumed, is.Assumed)
	c.text("the steps of --only", strings.Join(was.Choice.Only, ", "), strings.Join(is.Choice.Only, ", "))
	c.text("the steps of --skip", strings.Join(was.Choice.Skip, ", "), strings.Join(is.Choice.Skip, ", "))
	c.texts("the cause ", nil, was.Verdicts, is.Verdicts)
	c.steps(was.Steps, is.Steps)
	return c.list
}

func short(digest string) string { return digest[:min(len(digest), 12)] }

func rawTexts(m map[string]json.RawMessage) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		out[k] = string(normal(v))
	}
	return out
}

type comparer struct{ list []Difference }

func (c *comparer) text(what, was, is string) {
	if was != is {
		c.list = append(c.list, Difference{what, orNothing(was), orNothing(is)})
	}
}

func (c *comparer) texts(what string, form func(string) string, was, is map[string]string) {
	both := maps.Clone(was)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, is)
	if form == nil {
		form = func(s string) string { return s }
	}
	for _, name := range slices.Sorted(maps.Keys(both)) {
		if was[name] != is[name] {
			c.text(what+name, form(was[name]), form(is[name]))
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func (c *comparer) steps(was, is []StepBasis) {
	find := func(list []StepBasis, key string) *StepBasis {
		if i := slices.IndexFunc(list, func(s StepBasis) bool { return s.Key == key }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	for _, w := range was {
		i := find(is, w.Key)
		if i == nil {
			c.text(w.name(), string(w.State), "")
			continue
		}
		c.step(w, *i)
	}
	for _, i := range is {
		if find(was, i.Key) == nil {
			c.text(i.name(), "", string(i.State))
		}
	}
}

func (c *comparer) step(was, is StepBasis) {
	c.text(was.name(), string(was.State), string(is.State))
	if was.State != is.State {
		return
	}
	c.text("the arguments of "+was.name(), string(normal(was.Input)), string(normal(is.Input)))
	c.text("what is not known yet of "+was.name(), strings.Join(was.Unbound, ", "), strings.Join(is.Unbound, ", "))
	c.text("the state that "+was.name()+" rests on", string(normal(was.Material)), string(normal(is.Material)))
}

func (s StepBasis) name() string {
	if s.Title != "" {
		return fmt.Sprintf("step %s (%s)", s.Key, s.Title)
	}
	return "step " + s.Key
}

// compact writes JSON without blanks; what is no JSON is left as it is.
func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw
	}
	return b.Bytes()
}

// Verdicts gives the words of verdicts, for a plan.
func Verdicts(assumed map[string]condition.Verdict) map[string]string {
	if len(assumed) == 0 {
		return nil
	}
	out := map[string]string{}
	for name, v := range assumed {
		out[name] = v.String()
	}
	return out
}
