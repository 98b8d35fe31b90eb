package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// hostObserver takes readings of a target from plugins.
type hostObserver struct {
	host *host.Host
	on   target.Spec
	// progress is told how far slow readings are; it may be nil.
	progress func(uses string, p sdk.Progress)
}

// Observe takes one reading. What the target cannot do is known from the manifest, and no process is started for it.
func (o *hostObserver) Observe(ctx context.Context, call fact.Call) fact.Reading {
	m := call.Probe.Manifest
	if reading, refused := notPossible(call.Probe.Uses(), m.Targets, m.Needs, o.on.Kind); refused {
		return reading
	}
	began := time.Now()
	var events host.Events
	if o.progress != nil {
		events.Progress = func(p sdk.Progress) { o.progress(call.Probe.Uses(), p) }
	}
	answer, err := o.host.Observe(ctx, call.Probe.Uses(), o.on, call.Input, events)
	r := fact.Reading{Took: time.Since(began)}
	if m, err := o.host.Manifest(ctx, call.Probe.Plugin); err == nil { // it is in memory: the call needed it
		r.Plugin = m.Name + " " + m.Version
	}
	if err != nil {
		r.Status, r.Reason, r.Settle = failure(call.Probe.Uses(), err)
		return r
	}
	r.Status, r.Value, r.Evidence, r.Missing, r.Settle = fact.Observed, answer.Value, answer.Evidence, answer.Missing, answer.Settle
	r.EvidenceCut = answer.EvidenceCut
	if answer.Partial != "" {
		r.Status, r.Reason, r.Covers = fact.Partial, answer.Partial, answer.Covers
	}
	return r
}

// notPossible says why a function cannot work on a kind of target, before anything is called.
func notPossible(uses string, targets []sdk.TargetKind, needs sdk.Needs, kind target.Kind) (fact.Reading, bool) {
	refuse := func(reason, settle string) (fact.Reading, bool) {
		return fact.Reading{Status: fact.Unsupported, Reason: reason, Settle: settle}, true
	}
	switch {
	case len(targets) == 0:
		return refuse(uses+" is not possible in this version", "")
	case !sdk.Supports(targets, sdk.TargetKind(kind)) && kind == target.Offline:
		return refuse(uses+" needs the running machine, this is its disk", "run rectify on the machine itself")
	case !sdk.Supports(targets, sdk.TargetKind(kind)):
		return refuse(uses+" reads a disk; it cannot read the running machine in this version", "look at the machine's disk with --root")
	case kind == target.Live && len(needs.Platforms) > 0 && !slices.Contains(needs.Platforms, runtime.GOOS):
		return refuse(fmt.Sprintf("%s needs %s, this machine runs %s", uses, strings.Join(needs.Platforms, " or "), runtime.GOOS), "")
	}
	return fact.Reading{}, false
}

// failure turns the error of a call into a reading. A fault of a plugin says whose it is; other errors speak of the
// target.
func failure(uses string, err error) (status fact.Status, reason, settle string) {
	var told *sdk.Error
	if !errors.As(err, &told) {
		return fact.Failed, err.Error(), ""
	}
	status = fact.Failed
	if told.Code == sdk.Unsupported {
		status = fact.Unsupported
	}
	reason = told.Message
	if told.Code == sdk.Internal {
		reason = uses + ": " + reason
	}
	if told.Path != "" {
		reason = fmt.Sprintf("argument %s: %s", argumentName(told.Path), reason)
	}
	return status, reason, told.Hint
}

// argumentName writes the JSON pointer of an argument as a playbook would: windows.0.from.
func argumentName(pointer string) string {
	name := strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}
