package fact

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/condition"
	"github.com/rectify-project/rectify/sdk/schema"
)

// DefaultTimeout bounds one reading where the playbook does not say.
const DefaultTimeout = 2 * time.Minute

// Call is one reading to take.
type Call struct {
	Probe *check.Probe
	Input any // canonical arguments, defaults filled in
}

// Observer takes readings: from plugins, or from a bundle. It always comes to a reading; what goes wrong is in it.
type Observer interface {
	Observe(ctx context.Context, call Call) Reading
}

// Gather reads probes into a set, with all that they rest on: those whose needs are met side by side. values gives the
// values of names; it is called for one expression at a time, when the probes under it are in the set. When ctx ends,
// so does Gather, and what was not read is in the set as such.
func Gather(ctx context.Context, p *check.Playbook, names []string, set *Set, values condition.Values, observer Observer) {
	g := &gathering{set: set, values: values, observer: observer, done: map[string]chan struct{}{}}
	wanted := map[string]bool{}
	for _, name := range names {
		want(p, name, wanted)
	}
	var all []*check.Probe
	for _, probe := range p.Probes {
		if set.Get(probe.Name) == nil && wanted[probe.Name] {
			all = append(all, probe)
			g.done[probe.Name] = make(chan struct{})
		}
	}
	var wait sync.WaitGroup
	for _, probe := range all {
		wait.Go(func() {
			defer close(g.done[probe.Name])
			for _, need := range probe.Needs {
				if ch := g.done[need]; ch != nil {
					<-ch
				}
			}
			set.Put(g.read(ctx, probe))
		})
	}
	wait.Wait()
}

// want adds a probe and all that it rests on.
func want(p *check.Playbook, name string, to map[string]bool) {
	probe := p.Probe(name)
	if probe == nil || to[name] {
		return
	}
	to[name] = true
	for _, need := range probe.Needs {
		want(p, need, to)
	}
}

type gathering struct {
	set      *Set
	values   condition.Values
	observer Observer
	done     map[string]chan struct{}
	bind     sync.Mutex // held while values is in use
}

// read reads a probe. A panic on the way is a failure of this reading, and the others go on.
func (g *gathering) read(ctx context.Context, probe *check.Probe) (f *Fact) {
	f = &Fact{Name: probe.Name, Title: probe.Title, Uses: probe.Uses()}
	defer func() {
		if fault := recover(); fault != nil {
			f.Reading = Reading{Status: Failed, Reason: fmt.Sprintf("rectify itself failed: %v", fault), Settle: "this is a fault of rectify: report it"}
		}
	}()
	if ctx.Err() != nil {
		f.Reason = cancelled
		return f
	}
	input, why, bound := g.bindInput(ctx, probe, f)
	if !bound {
		if ctx.Err() != nil {
			f.Status, f.Roots, f.Reason = NotRead, nil, cancelled
		}
		return f
	}
	f.Input = input
	f.Reading = take(ctx, g.observer, Call{probe, input})
	f.narrow(why)
	return f
}

const cancelled = "not looked at, because the run was cancelled"

// take takes a reading within the time that its probe has.
func take(ctx context.Context, observer Observer, call Call) Reading {
	limited, cancel := context.WithTimeout(ctx, call.timeout())
	defer cancel()
	r := observer.Observe(limited, call)
	if ctx.Err() != nil {
		return r
	}
	return late(limited, call, r)
}

func (c Call) timeout() time.Duration {
	if c.Probe.Timeout > 0 {
		return c.Probe.Timeout
	}
	return DefaultTimeout
}

// late is a reading that failed for want of time, if it did.
func late(ctx context.Context, call Call, r Reading) Reading {
	if r.Status == Failed && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.Reason = fmt.Sprintf("%s gave no answer within %s", call.Probe.Uses(), schema.FormatDuration(call.timeout()))
		r.Settle = "give the probe more time with `timeout`"
	}
	return r
}

// bindInput evaluates a probe's gate and arguments. When they are not known, or the gate is false, the fact says so and
// bound is false. why says which partial lists they rest on.
func (g *gathering) bindInput(ctx context.Context, probe *check.Probe, f *Fact) (input any, why []condition.Why, bound bool) {
	g.bind.Lock()
	defer g.bind.Unlock()
	if probe.When != nil {
		switch result := probe.When.Eval(ctx, g.values); result.Truth {
		case condition.False:
			f.Status, f.Reason = Skipped, "not looked at, because its condition is false: "+probe.When.Source()
			return nil, nil, false
		case condition.Undetermined:
			f.Roots, f.Reason = result.Why, "not looked at, because its condition is not known"
			return nil, nil, false
		}
	}
	args, why, known := BindInput(ctx, probe.With, probe.Input, g.values)
	if !known {
		f.Roots, f.Reason = why, "not looked at, because an argument is not known"
		return nil, nil, false
	}
	return args, why, true
}
