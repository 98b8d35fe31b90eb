package service

import (
	"context"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/period"
	"github.com/rectify-project/rectify/sdk/target"
)

// stopRequest is the event by which the Windows Update service says that it received a request to stop. A shutdown of
// the system is another event, 39.
const stopRequest = 38

// stopRequests calls add for what the Windows Update service logs of itself. It logs no other change, so that its channel can
// add and never rule out: a channel that is not there changes nothing.
func stopRequests(ctx context.Context, t *target.Target, source eventlog.Source, names []string, times period.Times, add func(Change)) error {
	name, wanted := find(names, "wuauserv")
	if !wanted {
		return nil
	}
	c, err := source.Open(t, eventlog.UpdateClient)
	if err != nil {
		return nil
	}
	defer c.Close()
	filter := evtx.Filter{From: times.Hull().From, Providers: []string{"Microsoft-Windows-WindowsUpdateClient"}, IDs: []uint32{stopRequest}}
	// An error of reading the file is passed over: what could be read of it was added.
	_, _ = c.Scan(ctx, filter, func(r *evtx.Record) error {
		if times.Contain(r.Time) {
			add(Change{Time: r.Time, Service: name, State: "stop_pending", Evidence: c.Evidence(r)})
		}
		return nil
	})
	return ctx.Err()
}
