package plan

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// gate decides whether a step is planned at all, before its instances are looked at: by what the operator chose, its
// gates and its causes.
func (w *walk) gate(s *check.Step, out *Step, scope *Scope, in surroundings) {
	switch {
	case in.finally:
	case in.dropped != "":
		out.State, out.Reason = LeftOut, "with its group: "+in.dropped
		return
	case !w.wanted(s, in):
		out.State, out.Reason = LeftOut, w.unwanted(s)
		return
	}
	for _, gate := range []struct {
		word string
		of   *condition.Expression
		open condition.Truth
	}{{"when", s.When, condition.True}, {"unless", s.Unless, condition.False}} {
		if gate.of == nil {
			continue
		}
		result := gate.of.Eval(w.ctx, scope.Value)
		switch {
		case result.Truth == condition.Undetermined:
			w.open(out, fmt.Sprintf("`%s: %s` cannot be decided", gate.word, gate.of.Source()), result.Why)
			return
		case result.Truth != gate.open:
			out.State, out.Reason = LeftOut, fmt.Sprintf("`%s: %s` is %s", gate.word, gate.of.Source(), result.Truth)
			return
		}
	}
	if reason := w.causes(s, out); reason != "" {
		out.State, out.Reason = LeftOut, reason
	}
}

// bar decides whether something keeps a step from being planned that its gate lets through: the target, or a guard.
// No guard keeps from a question; a wait for nothing is left with what it was for.
func (w *walk) bar(s *check.Step, out *Step, in surroundings) {
	if out.State != Planned || in.owed {
		return
	}
	offline := w.Target == target.Offline
	switch {
	case offline && s.Offline == check.NotNeeded:
		out.State, out.Reason = NotNeeded, "nothing runs on this disk that would need it"
	case offline && s.Offline == check.LeftToDo:
		out.State, out.Reason = LeftToDo, "it is to be done on the running machine"
	case w.guard != "" && !in.finally && s.Kind != playbook.AskStep:
		out.State, out.Reason = Blocked, fmt.Sprintf("the guard %q stands in the way", w.guard)
	case s.Kind == playbook.ActionStep:
		w.able(s, out)
	}
}

// able decides whether the target can do an action, and whether its problem is there at all.
func (w *walk) able(s *check.Step, out *Step) {
	if reason := unable(s, w.Target); reason != "" {
		out.State, out.Reason = Unsupported, reason
		return
	}
	if w.Result.Outcome == diagnose.Unclear && !w.assumedCause() {
		out.State, out.Reason = Open, "whether this problem is there at all cannot be told"
		out.Settle = "see what the diagnosis was missing, or set a verdict: --assume CAUSE=confirmed"
	}
}

// assumedCause says whether the operator set a cause, which stands for the problem itself.
func (w *walk) assumedCause() bool {
	return slices.ContainsFunc(w.Result.Causes, func(f *diagnose.Finding) bool {
		return f.Assumed && f.Verdict == condition.Confirmed
	})
}

// causes says why a step is left out for its causes, and notes those that are only suspected.
func (w *walk) causes(s *check.Step, out *Step) string {
	if len(s.For) == 0 {
		return ""
	}
	var undetermined []string
	for _, name := range s.For {
		switch w.Result.Environment.Cause(name).Verdict {
		case condition.Confirmed:
			out.Suspected = nil
			return ""
		case condition.Suspected:
			out.Suspected = append(out.Suspected, name)
		case condition.VerdictUndetermined:
			undetermined = append(undetermined, name)
		}
	}
	switch {
	case len(out.Suspected) > 0:
		return ""
	case len(undetermined) > 0:
		return "none of its causes is confirmed or suspected; undetermined: " + strings.Join(undetermined, ", ")
	}
	return "none of its causes is there: " + strings.Join(s.For, ", ")
}

// open marks a step as an open decision, for the first reason that nothing will settle on the way.
func (w *walk) open(out *Step, reason string, why []condition.Why) {
	out.State, out.Reason = Open, reason
	if len(why) == 0 {
		return
	}
	root := why[0]
	for _, y := range why {
		if _, later := isLater([]condition.Why{y}); !later {
			root = y
			break
		}
	}
	out.Reason += ": " + root.Reason
	out.Settle = root.Settle
	if root.Fact != "" {
		out.Reason += fmt.Sprintf(" (%s)", root.Fact)
	}
}

// unable says why a target cannot do an action; empty when it can.
func unable(s *check.Step, kind target.Kind) string {
	targets, needs := s.Action.Targets, s.Action.Needs
	switch {
	case len(targets) == 0:
		return s.Uses() + " is not possible in this version"
	case !sdk.Supports(targets, sdk.TargetKind(kind)) && kind == target.Offline:
		return s.Uses() + " needs the running machine, this is its disk"
	case !sdk.Supports(targets, sdk.TargetKind(kind)):
		return s.Uses() + " works on a disk only"
	case kind == target.Live && len(needs.Platforms) > 0 && !slices.Contains(needs.Platforms, runtime.GOOS):
		return fmt.Sprintf("%s needs %s, this machine runs %s", s.Uses(), strings.Join(needs.Platforms, " or "), runtime.GOOS)
	}
	return ""
}
