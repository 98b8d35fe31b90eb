package rehearse

import (
	"context"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk"
)

// settle says how a test's author makes something known.
const settle = "give it under `facts`, or write defaults: healthy"

// observer answers from what a test gives.
type observer struct {
	given   map[string]*givenFact // by the probe's name in the playbook
	bundle  *fact.Bundle          // nil when the test has none
	healthy bool                  // what is not given reads as the manifest's healthy answer
	offline bool                  // what is not given and needs the running machine is unsupported
}

var _ fact.Observer = (*observer)(nil)

// givenFact is a fact by hand.
type givenFact struct {
	state  playbook.FactState
	reason string
	covers *sdk.Window
	fields map[string]any // canonical, without what is not given
}

// statuses are those of the facts that have no value.
var statuses = map[playbook.FactState]fact.Status{
	playbook.Unknown:     fact.NotRead,
	playbook.Failed:      fact.Failed,
	playbook.Unsupported: fact.Unsupported,
	playbook.Skipped:     fact.Skipped,
}

// Observe answers one call.
func (o *observer) Observe(ctx context.Context, call fact.Call) fact.Reading {
	p := call.Probe
	given := o.given[p.Name]
	if given != nil {
		if status, without := statuses[given.state]; without {
			return fact.Reading{Status: status, Reason: given.reason}
		}
	}
	if given == nil && o.bundle != nil && (!o.healthy || o.bundle.Holds(p.Uses())) {
		return o.bundle.Observe(ctx, call)
	}
	if given == nil && o.offline && !sdk.Supports(p.Manifest.Targets, sdk.Offline) {
		return fact.Reading{Status: fact.Unsupported, Reason: p.Uses() + " needs the running machine, this is its disk"}
	}
	var healthy map[string]any
	if o.healthy {
		answer, has, err := healthyAnswer(p, call.Input)
		if err != nil {
			return fact.Reading{Status: fact.Failed, Reason: err.Error()}
		}
		if given == nil && !has {
			return fact.Reading{Reason: notGiven + ", and the manifest of " + p.Uses() + " has no healthy answer", Settle: "give it under `facts`"}
		}
		healthy = answer
	}
	switch {
	case given != nil:
		return o.byHand(call, given, healthy)
	case o.healthy:
		return fact.Reading{Status: fact.Observed, Value: healthy}
	}
	return fact.Reading{Reason: notGiven, Settle: settle}
}

func (o *observer) byHand(call fact.Call, given *givenFact, healthy map[string]any) fact.Reading {
	r := fact.Reading{Status: fact.Observed, Missing: map[string]string{}}
	r.Value = complete(call.Probe.Output, given.fields, healthy, r.Missing)
	if given.state == playbook.Partial {
		r.Status, r.Reason, r.Covers = fact.Partial, given.reason, given.covers
	}
	return r
}

// laterObserver answers what is read once steps are being done: as the test says in `after`, laid over the first reading;
// a probe that is not named there reads as it did at first.
type laterObserver struct {
	first *observer
	after map[string]*givenFact
}

var _ fact.Observer = (*laterObserver)(nil)

// Observe answers one call.
func (o *laterObserver) Observe(ctx context.Context, call fact.Call) fact.Reading {
	first := o.first.Observe(ctx, call)
	given := o.after[call.Probe.Name]
	if given == nil {
		return first
	}
	if status, without := statuses[given.state]; without {
		return fact.Reading{Status: status, Reason: given.reason}
	}
	usual, _ := first.Value.(map[string]any)
	if usual == nil && o.first.healthy {
		answer, _, err := healthyAnswer(call.Probe, call.Input)
		if err != nil {
			return fact.Reading{Status: fact.Failed, Reason: err.Error()}
		}
		usual = answer
	}
	return o.first.byHand(call, given, usual)
}
