package execute

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
)

// Policy decides as it was said on the command line, and asks nobody.
type Policy struct {
	Yes     bool     // approve what is planned, can be taken back and is not too risky
	MaxRisk sdk.Risk // the highest risk that Yes approves; empty is medium
	// AllowFinal names the steps that may do what cannot be taken back, by id.
	AllowFinal []string
	Answers    map[string]string // to ask and manual steps, by id
}

var _ Operator = Policy{}

// Refusal says what keeps the policy from approving a change, and which flag would; empty when it approves.
func (p Policy) Refusal(u plan.Unit) string {
	most := p.MaxRisk
	if most == "" {
		most = sdk.RiskMedium
	}
	for _, a := range u.Final() {
		if !slices.Contains(p.AllowFinal, u.Step.ID) && !slices.Contains(p.AllowFinal, a.ID) {
			what := "cannot be taken back"
			if a.Effect == sdk.Restarts {
				what = "restarts the machine"
			}
			return fmt.Sprintf("%s %s: --allow-irreversible %s", a.Uses, what, u.Step.ID)
		}
	}
	switch {
	case len(u.Suspected) > 0:
		return fmt.Sprintf("its cause is only suspected (%s): --assume %s=confirmed, or --skip %s", strings.Join(u.Suspected, ", "), u.Suspected[0], u.Step.ID)
	case !plan.RiskAtMost(u.Risk, most):
		return fmt.Sprintf("its risk is %s, above %s: --max-risk %s", orHigh(u.Risk), most, orHigh(u.Risk))
	case !p.Yes:
		return "it is not approved: --yes"
	}
	return ""
}

func orHigh(r sdk.Risk) sdk.Risk {
	if r == "" {
		return sdk.RiskHigh
	}
	return r
}

// Approve decides as the policy says.
func (p Policy) Approve(_ context.Context, u plan.Unit) (Approval, error) {
	if p.Refusal(u) != "" {
		return Approval{}, nil
	}
	by := "--yes"
	if len(u.Final()) > 0 {
		by = "--allow-irreversible"
	}
	return Approval{Yes, by}, nil
}

// Answer gives the answer of the command line.
func (p Policy) Answer(_ context.Context, s *plan.Step, problem string) (Reply, error) {
	text, given := p.Answers[s.ID]
	return Reply{given && problem == "", text, "--answer"}, nil
}

// Failed leaves everything as it is: nobody is there to ask.
func (p Policy) Failed(context.Context, *plan.Step, journal.Failure) (Choice, error) {
	return Leave, nil
}

// Unmet lists what the policy does not decide, one line each: with any of them nothing is changed. What comes afterwards
// is decided at its own time.
func (p Policy) Unmet(of *plan.Plan) []string {
	var out []string
	for _, u := range plan.Units(of.Steps) {
		if reason := p.Refusal(u); reason != "" {
			out = append(out, fmt.Sprintf("%s (%s): %s", u.Step.ID, u.Step.Name(), reason))
		}
	}
	plan.Walk(of.Steps, func(s *plan.Step) {
		if !s.Holds() || s.Kind != "ask" && s.Kind != "manual" {
			return
		}
		if _, given := p.Answers[s.ID]; !given {
			out = append(out, fmt.Sprintf("%s (%s): --answer %s=TEXT", s.ID, s.Text, s.ID))
		}
	})
	return out
}
