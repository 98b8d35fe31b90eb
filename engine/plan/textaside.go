package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/prose"
	"github.com/rectify-project/rectify/sdk"
)

// asides lists the steps that are not carried out, each that has a reason of its own: a group that cannot be done stands
// for its members, any other for which nothing is to be done is told by them.
func asides(steps []*Step) []*Step {
	var out []*Step
	for _, s := range steps {
		switch {
		case s.Holds():
			out = append(out, asides(slices.Concat(s.Steps, s.Finally))...)
		case s.Kind != kindGroup || s.State == Unsupported || s.State == Refused:
			out = append(out, s)
		default:
			inner := asides(s.telling())
			if len(inner) == 0 {
				inner = []*Step{s}
			}
			out = append(out, inner...)
		}
	}
	return out
}

// telling lists the members of a group that say why it is not carried out: those with a name where any has one, and not
// those that are left with it.
func (s *Step) telling() []*Step {
	named := slices.ContainsFunc(s.Steps, func(m *Step) bool { return m.Named })
	return slices.DeleteFunc(slices.Clone(s.Steps), func(m *Step) bool {
		return named && !m.Named || strings.HasSuffix(m.Reason, ": "+s.Reason)
	})
}

// undone shows the steps that are not carried out, those that matter first.
func (t *text) undone(list []*Step) {
	with := func(states ...State) []*Step {
		return slices.DeleteFunc(slices.Clone(list), func(s *Step) bool { return !slices.Contains(states, s.State) })
	}
	t.section("Open decisions", "? ", "to settle it: ", with(Open))
	t.section("Left to do on the running machine", "- ", "", with(LeftToDo))
	t.section("Cannot be done here", "- ", "hint: ", with(Unsupported, Refused))
	t.section("Blocked", "- ", "", with(Blocked))
	rest := slices.DeleteFunc(slices.Clone(list), func(s *Step) bool {
		return slices.Contains([]State{Open, LeftToDo, Unsupported, Refused, Blocked}, s.State)
	})
	if len(rest) == 0 {
		return
	}
	t.Gap()
	t.Set("", "", prose.Span{Style: prose.Bold, Text: "Left out"})
	for _, same := range byReason(rest) {
		var names []string
		for _, s := range same {
			names = append(names, s.short())
		}
		t.Say("  ", "    ", strings.Join(names, ", ")+": "+same[0].Reason)
	}
}

// section shows steps of one kind of state; those that share a reason stand together over it.
func (t *text) section(title, mark, settle string, list []*Step) {
	if len(list) == 0 {
		return
	}
	t.Gap()
	t.Set("", "", prose.Span{Style: prose.Bold, Text: title})
	for _, same := range byReason(list) {
		for _, s := range same {
			name := prose.Span{Text: s.heading()}
			if s.Named {
				name.Text += " (" + s.Key + ")"
			}
			if s.Guard {
				name.Text += ", a guard: nothing after it changes anything"
			}
			t.Set("  "+mark, "    ", name)
		}
		if same[0].State == LeftToDo {
			continue // the title says it
		}
		t.Say("      ", "      ", same[0].Reason)
		if to := same[0].settling(); to != "" {
			t.Say("      "+settle, "        ", to)
		}
	}
}

// settling is what would settle an open step, or bring about one that cannot be done: that of a group is its member's.
func (s *Step) settling() string {
	for _, m := range s.Steps {
		if s.Settle == "" && m.State == s.State && strings.HasSuffix(s.Reason, m.Reason) {
			return m.Settle
		}
	}
	return s.Settle
}

// short is the id of a step, else what it does.
func (s *Step) short() string {
	if s.Named {
		return s.Key
	}
	return s.heading()
}

// byReason gathers the steps that share a reason, in the order of the first.
func byReason(list []*Step) [][]*Step {
	var out [][]*Step
	for _, s := range list {
		i := slices.IndexFunc(out, func(same []*Step) bool {
			return same[0].Reason == s.Reason && same[0].settling() == s.settling() && same[0].State == s.State
		})
		if i < 0 {
			out = append(out, []*Step{s})
		} else {
			out[i] = append(out[i], s)
		}
	}
	return out
}

// total says in one line how much the plan is.
func (t *text) total(p *Plan) {
	words := t.changes(p)
	kinds := map[string]int{}
	holding(slices.Concat(p.Steps, p.Afterwards), func(s *Step) { kinds[s.Kind]++ })
	open := slices.DeleteFunc(asides(slices.Concat(p.Steps, p.Afterwards)), func(s *Step) bool { return s.State != Open })
	for _, c := range []struct {
		n         int
		one, many string
	}{
		{kinds[kindAsk], "question", "questions"},
		{kinds[kindManual], "thing to do by hand", "things to do by hand"},
		{len(open), "open decision", "open decisions"},
	} {
		if c.n > 0 {
			words = append(words, count(c.n, c.one, c.many))
		}
	}
	t.Gap()
	t.Set("", "  ", prose.Span{Style: prose.Bold, Text: "In short:"}, prose.Span{Text: " " + strings.Join(words, ", ")})
}

// changes says how much would be changed, at which risk, and what of it is for good.
func (t *text) changes(p *Plan) []string {
	if len(t.real) == 0 {
		return []string{"no changes"}
	}
	now, risk := t.units(p.Steps)
	later, laterRisk := t.units(p.Afterwards)
	risk = higher(risk, laterRisk)
	if now+later == 0 { // nothing of it is asked for by itself
		for s := range t.real {
			now++
			risk = higher(risk, s.Risk)
		}
	}
	words := []string{count(now, "change", "changes"), "highest risk " + string(risk)}
	if later > 0 {
		words[0] += fmt.Sprintf(" and %d afterwards", later)
	}
	final, restarts, unknown := 0, false, false
	for s := range t.real {
		unknown = unknown || s.State == Later
		switch {
		case s.Kind != kindAction || s.Effect == sdk.Reversible:
		case s.Effect == sdk.Restarts:
			restarts = true
		default:
			final++
		}
	}
	if unknown {
		words[0] += " (some are known only on the way)"
	}
	switch {
	case final > 0:
		words = append(words, fmt.Sprintf("%d cannot be taken back", final))
	case !restarts && !unknown:
		words = append(words, "all can be taken back")
	}
	if restarts {
		return append(words, "the machine is restarted")
	}
	return append(words, "no restart")
}

// units counts what is asked for and would change something, with the highest risk of it.
func (t *text) units(steps []*Step) (n int, highest sdk.Risk) {
	highest = sdk.RiskNone
	for _, u := range Units(steps) {
		if !slices.ContainsFunc(u.Actions, func(s *Step) bool { return t.real[s] }) {
			continue
		}
		n++
		highest = higher(highest, u.Risk)
	}
	return n, highest
}

// higher is the higher of two risks. One that is not named counts as high.
func higher(a, b sdk.Risk) sdk.Risk {
	if b == "" {
		b = sdk.RiskHigh
	}
	if RiskAtMost(b, a) {
		return a
	}
	return b
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
