package plan

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/prose"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// View says how the text form of a plan is shown.
type View struct {
	Color bool // ANSI colours
	Width int  // columns of a line; 0 means 100
}

// maxShown bounds the changes of one step that are shown; the saved plan has them all.
const maxShown = 50

// Text writes the plan for people: what it is about, its steps in order with what each would change, then what is not
// decided, left to do, not possible, blocked and left out, and how much all that is, last. Nothing that a text of the
// plan holds can steer the terminal. An error is one of w.
func Text(w io.Writer, p *Plan, v View) error {
	t := &text{Page: prose.Page{Width: v.Width, Color: v.Color}, real: changing(p)}
	t.header(p)
	if len(t.real) == 0 {
		t.nothing(p)
	}
	t.todo("Steps, in this order", p.Steps)
	t.todo("Afterwards, once it was fixed; it is asked for at its own time", p.Afterwards)
	t.undone(asides(slices.Concat(p.Steps, p.Afterwards)))
	t.total(p)
	_, err := t.WriteTo(w)
	return err
}

type text struct {
	prose.Page
	real   map[*Step]bool // see changing
	number int            // of the last step of the top level
}

// holding calls f for each step that is carried out.
func holding(steps []*Step, f func(*Step)) {
	for _, s := range steps {
		if s.Holds() {
			f(s)
			holding(s.Steps, f)
			holding(s.Finally, f)
		}
	}
}

// changing lists the actions that would change something, and the groups of which the instances are not known yet. An
// action that has nothing to do as things are is among them only where an earlier one may bring it something to do.
func changing(p *Plan) map[*Step]bool {
	out := map[*Step]bool{}
	holding(slices.Concat(p.Steps, p.Afterwards), func(s *Step) {
		idle := s.Preview != nil && s.Preview.NoOp && (s.Preview.After == "" || len(out) == 0)
		if s.Kind == kindAction && !idle || s.Kind == kindGroup && s.State == Later {
			out[s] = true
		}
	})
	return out
}

func (t *text) header(p *Plan) {
	t.Set("", "", prose.Span{Style: prose.Bold, Text: p.Playbook.Title})
	where := p.Target.Name
	if p.Target.Spec.Kind == target.Offline {
		where = "disk " + where
	}
	t.Say("  ", "    ", fmt.Sprintf("%s, %s, planned %s by rectify %s", p.Playbook.ID, where, p.Made.UTC().Format("2006-01-02 15:04:05 UTC"), p.Rectify))
	t.Say("  ", "    ", "outcome of the diagnosis: "+p.Outcome)
	for _, cause := range slices.Sorted(maps.Keys(p.Assumed)) {
		t.Set("  ", "    ", prose.Span{Style: prose.Yellow, Text: "assumed by the operator, not diagnosed:"}, prose.Span{Text: fmt.Sprintf(" %s is %s", cause, p.Assumed[cause])})
	}
	for _, name := range slices.Sorted(maps.Keys(p.Inputs)) {
		t.Say("  ", "    ", fmt.Sprintf("set by the operator: %s = %s", name, p.Inputs[name]))
	}
	for _, c := range []struct {
		flag string
		ids  []string
	}{{"--only", p.Choice.Only}, {"--skip", p.Choice.Skip}} {
		if len(c.ids) > 0 {
			t.Say("  ", "    ", fmt.Sprintf("chosen with %s: %s", c.flag, strings.Join(c.ids, ", ")))
		}
	}
}

// nothing says that the plan changes nothing, and why.
func (t *text) nothing(p *Plan) {
	why := "None of its steps is called for."
	left := asides(p.Steps)
	among := func(states ...State) bool {
		return slices.ContainsFunc(left, func(s *Step) bool { return slices.Contains(states, s.State) })
	}
	switch {
	case p.Outcome == diagnose.NotSeen.String():
		why = "The problem that this playbook is about is not there."
	case p.Outcome == diagnose.Transient.String():
		why = "The problem was there and has gone by itself."
	case p.Changes():
		why = "Everything is already as the steps would make it; each is looked at again when it is carried out."
	case among(Open):
		why = "What would be done rests on something that is not known: see the open decisions."
	case among(Unsupported, Refused, Blocked, LeftToDo):
		why = "What would be done cannot be done here and now: see below."
	}
	t.Gap()
	t.Set("", "", prose.Span{Style: prose.Bold, Text: "NOTHING WOULD BE CHANGED."}, prose.Span{Text: " " + why})
}

// todo shows the steps that would be carried out.
func (t *text) todo(title string, steps []*Step) {
	if !slices.ContainsFunc(steps, (*Step).Holds) {
		return
	}
	t.Gap()
	t.Set("", "", prose.Span{Style: prose.Bold, Text: title})
	for i, s := range slices.DeleteFunc(slices.Clone(steps), func(s *Step) bool { return !s.Holds() }) {
		if i > 0 {
			t.Gap()
		}
		t.number++
		t.step(s, fmt.Sprint(t.number), place{})
	}
}

// place is where a step stands.
type place struct {
	indent  string
	covered bool // a group round it is approved as a whole
	finally bool
}

// below is the place of a group's members, as far in as there is still room for words.
func (at place) below(s *Step) place {
	const deepest = 16
	at.covered = at.covered || s.OwnRisk
	if len(at.indent) < deepest {
		at.indent += "    "
	}
	return at
}

func (t *text) step(s *Step, number string, at place) {
	rest := at.indent + "    "
	in := rest + "  "
	head := prose.Span{Style: prose.Bold, Text: s.heading()}
	first := fmt.Sprintf("%s%-2s  ", at.indent, number)
	if s.Named {
		t.Set(first, rest, head, prose.Span{Style: prose.Dim, Text: " (" + s.Key + ")"})
	} else {
		t.Set(first, rest, head)
	}
	switch {
	case s.State == Later:
		t.Say(in, in, s.Reason+"; it is shown and asked for then")
	case s.Kind == kindAction:
		t.action(s, in)
	case s.Kind == kindAsk:
		t.Say(in, in, "to be confirmed: "+s.Text)
	case s.Kind == kindManual:
		t.Say(in, in, "to be done by hand: "+s.Text)
	case s.Kind == kindWait:
		t.Say(in, in, "goes on when `"+s.Condition+"`")
	case s.Kind != kindGroup:
		t.Say(in, in, "a step of a kind that this rectify does not know: "+s.Kind)
	}
	t.terms(s, in, at)
	if s.Kind != kindGroup {
		return
	}
	n := 0
	inner := at.below(s)
	list := func(steps []*Step) {
		for _, m := range steps {
			if m.Holds() {
				n++
				t.step(m, fmt.Sprintf("%s.%d", number, n), inner)
			}
		}
	}
	list(s.Steps)
	if slices.ContainsFunc(s.Finally, (*Step).Holds) {
		t.Set(inner.indent, inner.indent, prose.Span{Style: prose.Bold, Text: "always, whatever happens:"})
		inner.finally = true
		list(s.Finally)
	}
}

// heading is what a step is called, also one that has no title and no action.
func (s *Step) heading() string {
	switch {
	case s.Title != "" || s.Uses != "":
		return s.Name()
	case s.Kind == kindAsk:
		return "A question"
	case s.Kind == kindManual:
		return "By hand"
	case s.Kind == kindWait:
		return "Wait"
	case s.Kind == kindGroup:
		return "Together"
	}
	return s.Name()
}

// action shows what an action would do, as far as that is known.
func (t *text) action(s *Step, in string) {
	deeper := in + "  "
	p := s.Preview
	if p == nil {
		p = &Preview{}
	}
	summary := p.Summary
	if summary == "" && s.Item != nil {
		summary = "for " + string(compact(s.Item))
	}
	again := ""
	if p.After != "" {
		again = "looked at again " + behind(p.After)
	}
	switch {
	case p.Error != "":
		t.Say(in, in, fmt.Sprintf("looked at again %s; now: %s", behind(p.After), p.Error))
		return
	case p.NoOp && again != "":
		t.Say(in, in, strings.TrimPrefix(summary+": ", ": ")+"nothing to do as it is now; "+again)
		return
	case p.NoOp:
		t.Say(in, in, strings.TrimPrefix(summary+": ", ": ")+"nothing to do")
		return
	}
	if summary != "" {
		t.Say(in, in, summary)
	}
	for i, c := range p.Changes {
		if i == maxShown {
			t.Say(deeper, deeper, fmt.Sprintf("and %d more; the saved plan has all", len(p.Changes)-i))
			break
		}
		t.Say(deeper, deeper+"  ", changeLine(c))
	}
	for _, u := range s.Unbound {
		t.Say(deeper, deeper, u)
	}
	switch {
	case again != "":
		t.Say(in, in, again)
	case s.Preview == nil && len(s.Unbound) == 0:
		t.Say(in, in, "what it would change is seen when its time has come")
	}
}

// terms says under which conditions a step is carried out: risk, needs, undo, loss, time.
func (t *text) terms(s *Step, in string, at place) {
	var words []prose.Span
	add := func(style prose.Style, format string, args ...any) {
		if len(words) > 0 {
			words = append(words, prose.Span{Text: "; "})
		}
		words = append(words, prose.Span{Style: style, Text: fmt.Sprintf(format, args...)})
	}
	if s.Uses != "" && s.Title != "" {
		add(prose.Dim, "%s", s.Uses)
	}
	if s.Risk != "" && !at.covered && !at.finally {
		add(riskStyle(s.Risk), "risk %s", s.Risk)
	}
	switch {
	case s.Kind == kindGroup && s.OwnRisk && !at.covered:
		add(prose.Plain, "asked for as a whole")
	case at.indent != "" && s.Holding() && !at.covered && !at.finally:
		add(prose.Plain, "goes along with its group")
	}
	if s.Kind == kindAction {
		actionTerms(s, at, add)
	}
	if len(words) > 0 {
		t.Set(in, in, words...)
	}
	for _, line := range []struct {
		style    prose.Style
		say, let string
	}{
		{prose.Yellow, "lost: ", s.Loses},
		{prose.Yellow, "asked for: its cause is only suspected: ", strings.Join(s.Suspected, ", ")},
		{prose.Plain, "it worked when: ", quoted(s.Expect)},
	} {
		if line.let != "" {
			t.Set(in, in, prose.Span{Style: line.style, Text: line.say}, prose.Span{Text: line.let})
		}
	}
	if s.Guard {
		t.Say(in, in, "a guard: unless it is done, nothing after it changes anything")
	}
}

func actionTerms(s *Step, at place, add func(prose.Style, string, ...any)) {
	var needs []string
	if s.Needs.Elevation {
		needs = append(needs, "administrator rights")
	}
	if s.Needs.Network {
		needs = append(needs, "the network")
	}
	if len(needs) > 0 {
		add(prose.Plain, "needs %s", strings.Join(needs, " and "))
	}
	switch {
	case s.Effect == sdk.Restarts:
		add(prose.Red, "RESTARTS THE MACHINE")
	case s.Effect != sdk.Reversible:
		add(prose.Red, "CANNOT BE TAKEN BACK")
	case !at.finally:
		add(prose.Plain, "can be taken back")
	}
	if s.Typical > 0 {
		add(prose.Plain, "usually takes %s", schema.FormatDuration(time.Duration(s.Typical)))
	}
	if !s.Interruptible {
		add(prose.Plain, "must not be cut off")
	}
}

func riskStyle(r sdk.Risk) prose.Style {
	switch {
	case RiskAtMost(r, sdk.RiskLow):
		return prose.Plain
	case RiskAtMost(r, sdk.RiskMedium):
		return prose.Yellow
	}
	return prose.Red
}

func quoted(condition string) string {
	if condition == "" {
		return ""
	}
	return "`" + condition + "`"
}
