package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/plan"
)

// TestAgain plans anew in the middle of a run: what was begun stays whatever its gates say, everything else follows what
// is known now, and instances keep their keys.
func TestAgain(t *testing.T) {
	steps := "  - {id: a, when: yes_.ok, uses: p.do, with: {name: a}}\n" +
		"  - {id: b, each: '${{ some.list }}', when: yes_.ok, uses: p.do, with: {name: '${{ each }}'}}\n" +
		"  - id: g\n    when: yes_.ok\n    steps:\n" + hold + "      - {id: m, uses: p.do, with: {name: m, value: '${{ steps.a.made }}'}}\n" + in(do("o", "")) + finally +
		"  - id: h\n    each: ${{ some.list }}\n    steps:\n      - {id: x, uses: p.do, with: {name: 'x ${{ each }}'}}\n" + in(do("z", "")) + finally
	for name, test := range map[string]struct {
		done, begun string // keys
		change      func(*scene)
		want        string
	}{
		"nothing-was-begun": {"", "", func(s *scene) { s.probes["yes_"] = reading(false) }, `
a left out: ` + "`when: yes_.ok` is false" + `
b left out: ` + "`when: yes_.ok` is false" + `
g left out: ` + "`when: yes_.ok` is false" + `
h[1] planned
  h[1]/x planned
  h[1]/z planned
  /h[1]/4.finally.1 planned
h[2] planned
  h[2]/x planned
  h[2]/z planned
  /h[2]/4.finally.1 planned`},
		"what-was-done-stays": {"a b[2]", "", func(s *scene) { s.probes["yes_"] = reading(false) }, `
a planned
b[2] planned
g left out: ` + "`when: yes_.ok` is false" + `
h[1] planned
  h[1]/x planned
  h[1]/z planned
  /h[1]/4.finally.1 planned
h[2] planned
  h[2]/x planned
  h[2]/z planned
  /h[2]/4.finally.1 planned`},
		"a-group-that-was-begun-is-closed": {"a 3.1", "g h[1]", func(s *scene) { s.probes["yes_"], s.probes["some"] = reading(false), reading(true) }, `
a planned
b left out: ` + "`when: yes_.ok` is false" + `
g planned
  3.1 planned
  m left out: with its group: ` + "`when: yes_.ok` is false" + `
  o left out: with its group: ` + "`when: yes_.ok` is false" + `
  /3.finally.1 planned
h[1] planned
  h[1]/x left out: with its group: there is nothing to do it for: some.list is empty
  h[1]/z left out: with its group: there is nothing to do it for: some.list is empty
  /h[1]/4.finally.1 planned`},
		"instances-keep-their-keys": {"b[1]", "h[1]", func(s *scene) { s.probes["some"] = reading(true, "new", "b", "a", "other") }, `
a planned
b[1] planned
b[3] planned
b[2] planned
b[4] planned
g planned
  3.1 planned
  m planned
  o planned
  /3.finally.1 planned
h[1] planned
  h[1]/x planned
  h[1]/z planned
  /h[1]/4.finally.1 planned
h[3] planned
  h[3]/x planned
  h[3]/z planned
  /h[3]/4.finally.1 planned
h[2] planned
  h[2]/x planned
  h[2]/z planned
  /h[2]/4.finally.1 planned
h[4] planned
  h[4]/x planned
  h[4]/z planned
  /h[4]/4.finally.1 planned`},
		"nothing-is-known": {"3.1 o", "g", func(s *scene) { s.probes["there"] = fact.Reading{Status: fact.Failed} }, `
a open: whether this problem is there at all cannot be told
b open: whether this problem is there at all cannot be told
g planned
  3.1 planned
  m open: whether this problem is there at all cannot be told
  o planned
  /3.finally.1 planned
h[1] open: whether this problem is there at all cannot be told
  h[1]/x open: whether this problem is there at all cannot be told
  h[1]/z open: whether this problem is there at all cannot be told
  /h[1]/4.finally.1 open: whether this problem is there at all cannot be told
h[2] open: whether this problem is there at all cannot be told
  h[2]/x open: whether this problem is there at all cannot be told
  h[2]/z open: whether this problem is there at all cannot be told
  /h[2]/4.finally.1 open: whether this problem is there at all cannot be told`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, steps)
			was := s.plan(t.Context())
			test.change(s)
			b := s.builder(t.Context())
			fresh := s.plan(t.Context())
			done, begun := strings.Fields(test.done), strings.Fields(test.begun)
			s.asked = nil
			again := b.Again(t.Context(), fresh, plan.Earlier{
				Plan: was,
				Done: func(key string) (map[string]any, bool) {
					return map[string]any{"made": "it", "items": []any{}}, slices.Contains(done, key)
				},
				Begun: func(key string) bool { return slices.Contains(begun, key) },
			})
			got := told(again)
			if strings.Contains(got, "was not carried out") {
				t.Errorf("what was done has no output:\n%s", got)
			}
			if strings.NewReplacer("; value: known after step a", "", "; again after p.do", "").Replace(got) != strings.TrimSpace(test.want) {
				t.Errorf("planned is\n%s\nwant\n%s", got, strings.TrimSpace(test.want))
			}
			for _, key := range done {
				if i := again.Find(key); i == nil || i.Preview != nil {
					t.Errorf("%s is prepared again", key)
				}
			}
			if again.Playbook != fresh.Playbook || again.Stamp != fresh.Stamp || again.Fingerprint == "" || again.Digest == "" {
				t.Errorf("it is not sealed: %+v", again)
			}
		})
	}
}

// TestAgainKnowsItemsByTheirArguments has items that hold what moves by itself.
func TestAgainKnowsItemsByTheirArguments(t *testing.T) {
	s := newScene(t, "  - {id: b, each: '${{ map(some.list, ({\"name\": #, \"n\": moving.count})) }}', uses: p.do, with: {name: '${{ each.name }}'}}\n")
	was := s.plan(t.Context())
	s.probes["moving"], s.probes["some"] = reading(true, "1", "2"), reading(true, "b", "a")
	b := s.builder(t.Context())
	again := b.Again(t.Context(), s.plan(t.Context()), plan.Earlier{Plan: was, Done: func(string) (map[string]any, bool) { return nil, false }, Begun: func(string) bool { return false }})
	if got := told(again); got != "b[2] planned\nb[1] planned" {
		t.Errorf("planned is\n%s", got)
	}
}
