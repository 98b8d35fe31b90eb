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
	// Suspected names the causes, of the step, of a group round it or of a step in it, none of which is more than suspected.
	Suspected []string
}

// Units lists what is approved, in the order of the steps. A step with a risk of its own is approved as a whole, groups
// included; a group without one asks through its members, and what only holds the machine still for them (a step without
// name and risk that can be taken back, and the `finally`) goes along. A group in which nothing asks for itself, or with a
// `finally` that nothing takes back, is asked for as a whole.
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
		case s.IsGroup() && (s.State == Later || s.Whole()):
			out = append(out, s.unit(because))
		case s.IsGroup():
			out = append(out, units(s.Steps, because, true)...)
		case s.IsAction() && !(inGroup && s.Holding()):
			out = append(out, Unit{s, []*Step{s}, s.Risk, because})
		}
	}
	return out
}

// Whole says whether a group is approved at once, with everything in it.
func (s *Step) Whole() bool {
	if !s.IsGroup() {
		return false
	}
	final := slices.ContainsFunc(s.Finally, func(f *Step) bool {
		return slices.ContainsFunc(actions([]*Step{f}), (*Step).isFinal)
	})
	return s.OwnRisk || final || s.Changes() && units(s.Steps, nil, true) == nil
}

// unit is a group that is approved as a whole. Its risk is its own, or that of a step in it which says a higher one;
// without one of its own it is the highest of its actions.
func (s *Step) unit(because []string) Unit {
	u := Unit{Step: s, Actions: actions([]*Step{s}), Risk: s.Risk, Suspected: slices.Clone(because)}
	if s.State == Later {
		return u
	}
	if !s.OwnRisk {
		u.Risk = sdk.RiskNone
	}
	Walk(slices.Concat(s.Steps, s.Finally), func(m *Step) {
		if !m.Holds() {
			return
		}
		if (m.OwnRisk || !s.OwnRisk && m.IsAction()) && !RiskAtMost(m.Risk, u.Risk) {
			u.Risk = m.Risk
		}
		for _, cause := range m.Suspected {
			if !slices.Contains(u.Suspected, cause) {
				u.Suspected = append(u.Suspected, cause)
			}
		}
	})
	return u
}

// Holding says whether an action in a group without a risk of its own only holds the machine still for its neighbours.
func (s *Step) Holding() bool {
	return s.Kind == kindAction && !s.Named && !s.OwnRisk && s.Effect == sdk.Reversible
}

// actions lists the actions that are carried out in steps, and the groups of which the instances are not known yet.
func actions(steps []*Step) []*Step {
	var out []*Step
	Walk(steps, func(m *Step) {
		if m.Holds() && (m.IsAction() || m.State == Later) {
			out = append(out, m)
		}
	})
	return out
}

// isFinal says whether nothing takes an action back.
func (s *Step) isFinal() bool { return s.Effect != sdk.Reversible }

// Final lists the actions of a unit that nothing takes back.
func (u Unit) Final() []*Step {
	return slices.DeleteFunc(slices.Clone(u.Actions), func(s *Step) bool { return !s.isFinal() })
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
