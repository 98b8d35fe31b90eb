package execute

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/plan"
)

// place is where in the plan a step is carried out.
type place struct {
	scope   *plan.Scope
	entry   *entry       // of the innermost group; the run itself at the top
	list    []*plan.Step // that the step is in
	prefix  string       // of keys, inside of a repeated group
	finally bool
	asks    bool // what is carried out here is asked for here, not before
	whole   bool // an approval round it covers what is known only on the way
	late    bool // the plan has not shown what is carried out here
}

// role is that of the records that are written at the place.
func (p place) role() string {
	if p.finally {
		return roleFinally
	}
	return ""
}

// list does steps in order, and stops at the first that does not work.
func (r *Run) list(ctx context.Context, list []*plan.Step, at place) error {
	at.list = list
	for _, s := range list {
		if err := r.instances(ctx, s, at); err != nil {
			return err
		}
	}
	return nil
}

// instances does a step, or all of those that are made of it when its list is known only now. Each of those is asked for
// apart, unless an approval of the whole covers them.
func (r *Run) instances(ctx context.Context, s *plan.Step, at place) error {
	all := []*plan.Step{s}
	if s.State == plan.Later {
		at.asks, at.late = !at.whole, true
		all = r.expand(ctx, s, at)
	}
	var err error
	for _, x := range all {
		if err = r.step(ctx, x, at); err != nil {
			break
		}
	}
	r.changed(s, all, at)
	return err
}

// expand makes the instances of a step that could not be known while planning.
func (r *Run) expand(ctx context.Context, s *plan.Step, at place) []*plan.Step {
	out := r.Builder.Expand(ctx, r.checked[s.ID], at.scope, at.prefix)
	for _, x := range out {
		if x.State == plan.Later {
			x.State, x.Reason = plan.Open, "what it is to be done for is not known: "+x.Reason
		}
	}
	r.forgo(out)
	return out
}

// changed tells later steps which items a repeated step has changed.
func (r *Run) changed(s *plan.Step, instances []*plan.Step, at place) {
	c := r.checked[s.ID]
	if !s.Named || c.Each == nil {
		return
	}
	if s.State != plan.Later {
		instances = slices.DeleteFunc(slices.Clone(at.list), func(x *plan.Step) bool { return x.ID != s.ID })
	}
	items := []any{}
	for _, x := range instances {
		if x.Item == nil || !r.hasChanged(x, at) {
			continue
		}
		if item, err := plan.ItemOf(c, x.Item); err == nil {
			items = append(items, item)
		}
	}
	at.scope.Changed(s.ID, items)
}

// hasChanged says whether an instance of a repeated step has changed something that is so now.
func (r *Run) hasChanged(x *plan.Step, at place) bool {
	if x.IsGroup() {
		return slices.ContainsFunc(r.memory.entries[x.Key], (*entry).changed)
	}
	i := r.begun(x, at)
	return i != nil && i.settled
}

// step does one instance of a step.
func (r *Run) step(ctx context.Context, s *plan.Step, at place) error {
	if e := r.memory.owed(s.Key); e != nil {
		return r.goOn(ctx, s, e, at)
	}
	if !at.finally {
		if err := r.stopping(ctx); err != nil {
			return err
		}
	}
	if s.Holds() && at.asks {
		if err := r.approve(ctx, s, at); err != nil {
			return err
		}
	}
	switch {
	case !s.Holds():
		r.forgone(s, at)
		return nil
	case r.bars(s, at):
		return nil
	}
	at.scope = r.within(s, at.scope)
	switch s.Kind {
	case "group":
		return r.group(ctx, s, at)
	case "ask", "manual":
		return r.person(ctx, s, at)
	case "wait_until":
		return r.wait(ctx, s, at)
	}
	return r.action(ctx, s, at)
}

// forgone notes a step that is not carried out.
func (r *Run) forgone(s *plan.Step, at place) {
	at.scope.Missed(s.ID, string(s.State))
	if s.Reason == declined || at.late {
		r.tell(LeftAlone, s, s.Reason)
	}
	if at.late && (s.State == plan.Open || s.State == plan.LeftToDo) {
		r.leave(s, s.Reason)
	}
	r.guards(s)
}

// guards notes a guard that is not carried out and should be: nothing behind it may change anything.
func (r *Run) guards(s *plan.Step) {
	plan.Walk([]*plan.Step{s}, func(x *plan.Step) {
		barring := x.Reason == declined || slices.Contains([]plan.State{plan.Open, plan.Unsupported, plan.Refused}, x.State)
		if x.Guard && barring && r.blocked == "" {
			r.blocked = x.Name()
		}
	})
}

// bars says whether a guard stands in the way of a step.
func (r *Run) bars(s *plan.Step, at place) bool {
	if r.blocked == "" || at.finally || s.Asks() {
		return false
	}
	why := fmt.Sprintf("the guard %q stands in the way", r.blocked)
	r.tell(LeftAlone, s, why)
	r.leave(s, why)
	at.scope.Missed(s.ID, why)
	return true
}

// within is the scope of an instance.
func (r *Run) within(s *plan.Step, scope *plan.Scope) *plan.Scope {
	c := r.checked[s.ID]
	if s.Item == nil || c.Each == nil {
		return scope
	}
	item, err := plan.ItemOf(c, s.Item)
	if err != nil { // it was written as such
		return scope
	}
	return scope.With(item)
}

// outputOf makes the output of a step known to those after it, and to its own expectation.
func outputOf(s *plan.Step, at place, output map[string]any) {
	if s.Named {
		at.scope.Output(s.ID, output)
	}
}

// baseOf is the key of a step without the number of its item, and idOf its id in the playbook.
func baseOf(key string) string {
	if i := strings.LastIndexByte(key, '['); i > strings.LastIndexByte(key, '/') {
		return key[:i]
	}
	return key
}

func idOf(key string) string {
	base := baseOf(key)
	return base[strings.LastIndexByte(base, '/')+1:]
}
