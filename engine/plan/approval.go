package plan

import (
	"fmt"
	"slices"

	"github.com/rectify-project/rectify/sdk"
)

// Unit is what is approved at once: a step, with everything that is carried out under its approval.
type Unit struct {
	Step    *Step
	Actions []*Step // the step itself, or the actions in it, those of its `finally` last
	Risk    sdk.Risk
	// Suspected names the causes, of the step or of a group round it, none of which is more than suspected.
	Suspected []string
}

// Units lists what is approved, in the order of the steps. A step with a risk of its own is approved as a whole, groups
// included; a group without one asks through its members, and what only holds the machine still for them (a step without
// name and risk that can be taken back, and the `finally`) goes along. A group in which nothing asks for itself is asked for.
func Units(steps []*Step) []Unit { return units(steps, nil, false) }

func units(steps []*Step, suspected []string, inGroup bool) []Unit {
	var out []Unit
	for _, s := range steps {
		if !s.Holds() {
			continue
		}
		because := suspected
		if len(s.Suspected) > 0 {
			because = s.Suspected
		}
		switch {
		case s.Kind == kindGroup && (s.OwnRisk || s.State == Later):
			out = append(out, Unit{s, actions(s), s.Risk, because})
		case s.Kind == kindGroup:
			members := units(s.Steps, because, true)
			if members == nil && s.Changes() { // nothing in it asks for itself
				members = []Unit{{s, actions(s), highest(actions(s)), because}}
			}
			out = append(out, members...)
		case s.Kind == kindAction && !(inGroup && s.Holding()):
			out = append(out, Unit{s, []*Step{s}, s.Risk, because})
		}
	}
	return out
}

// highest is the highest risk of actions.
func highest(actions []*Step) sdk.Risk {
	most := sdk.RiskNone
	for _, a := range actions {
		if !RiskAtMost(a.Risk, most) {
			most = a.Risk
		}
	}
	return most
}

// Holding says whether an action in a group without a risk of its own only holds the machine still for its neighbours.
func (s *Step) Holding() bool {
	return s.Kind == kindAction && !s.Named && !s.OwnRisk && s.Effect == sdk.Reversible
}

// actions lists the actions that are carried out in a step.
func actions(s *Step) []*Step {
	var out []*Step
	Walk(slices.Concat(s.Steps, s.Finally), func(m *Step) {
		if m.Kind == kindAction && m.Holds() {
			out = append(out, m)
		}
	})
	return out
}

// Scaffold lists the actions that go along with a group, without an approval of their own: those that hold the machine
// still, and its `finally`.
func Scaffold(g *Step) []*Step {
	var out []*Step
	for _, m := range g.Steps {
		if m.Holds() && m.Holding() {
			out = append(out, m)
		}
	}
	for _, m := range g.Finally {
		if m.Holds() {
			out = append(out, m)
		}
	}
	return out
}

// Final lists the actions of a unit that nothing takes back.
func (u Unit) Final() []*Step {
	return slices.DeleteFunc(slices.Clone(u.Actions), func(s *Step) bool { return s.Effect == sdk.Reversible })
}

var risks = []sdk.Risk{sdk.RiskNone, sdk.RiskLow, sdk.RiskMedium, sdk.RiskHigh}

// RiskAtMost says whether a risk is not above another. One that is not named counts as high.
func RiskAtMost(risk, most sdk.Risk) bool {
	rank := func(r sdk.Risk) int {
		if i := slices.Index(risks, r); i >= 0 {
			return i
		}
		return len(risks) - 1
	}
	return rank(risk) <= rank(most)
}

// Lines are the unit's preview for a person: what would change, what is lost, and whether it can be taken back. They are
// what an approval is given to.
func (u Unit) Lines() []string {
	var lines []string
	for _, a := range u.Actions {
		lines = append(lines, a.Lines()...)
	}
	if u.Step.Loses != "" {
		lines = append(lines, "lost: "+u.Step.Loses)
	}
	for _, a := range u.Final() {
		if a.Effect == sdk.Restarts {
			lines = append(lines, a.Name()+" restarts the machine")
		} else {
			lines = append(lines, a.Name()+" cannot be taken back")
		}
	}
	return lines
}

// Lines are the step's preview: its summary and each change.
func (s *Step) Lines() []string {
	p := s.Preview
	switch {
	case s.State == Later:
		return []string{s.Name() + ": " + s.Reason}
	case p == nil:
		return []string{s.Name()}
	case p.Error != "":
		return []string{fmt.Sprintf("%s: looked at again %s; now: %s", s.Name(), behind(p.After), p.Error)}
	case len(s.Unbound) > 0:
		lines := []string{s.Name() + ":"}
		for _, u := range s.Unbound {
			lines = append(lines, "  "+u)
		}
		return lines
	case p.NoOp && p.After != "":
		return []string{fmt.Sprintf("%s: nothing to do as it is now; looked at again %s", p.summary(s), behind(p.After))}
	case p.NoOp:
		return []string{p.summary(s) + ": nothing to do"}
	}
	lines := []string{p.summary(s)}
	for _, c := range p.Changes {
		lines = append(lines, "  "+changeLine(c))
	}
	return lines
}

func (p *Preview) summary(s *Step) string {
	if p.Summary != "" {
		return p.Summary
	}
	return s.Name()
}

func behind(step string) string {
	if step == "" {
		return "when its time has come"
	}
	return fmt.Sprintf("after %q", step)
}

func changeLine(c sdk.Change) string {
	switch {
	case c.Before == "" && c.After == "":
		return c.What
	case c.Before == "":
		return fmt.Sprintf("%s: %s", c.What, c.After)
	case c.After == "":
		return fmt.Sprintf("%s: %s → (nothing)", c.What, c.Before)
	}
	return fmt.Sprintf("%s: %s → %s", c.What, c.Before, c.After)
}
