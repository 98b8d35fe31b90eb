package system

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/sdk"
)

// The events that tell of starts and shutdowns.
var (
	bootProviders = []string{"User32", "EventLog", "Microsoft-Windows-Kernel-General", "Microsoft-Windows-Kernel-Power"}
	bootIDs       = []uint32{12, 13, 41, 109, 1074, 1075, 6005, 6006, 6008}
)

// what an event says.
type what string

const (
	asked   what = "asked"   // User32 1074: a program asked for it
	aborted what = "aborted" // User32 1075: it was called off
	going   what = "going"   // the system goes down in an orderly way
	started what = "started" // the kernel has started
	service what = "service" // the event log service has started
	crashed what = "crashed" // the system finds that it did not go down in an orderly way
)

// classify knows events by provider and number: other providers use the same numbers.
func classify(r *evtx.Record) what {
	type key struct {
		provider string
		id       uint32
	}
	return map[key]what{
		{"user32", 1074}:                         asked,
		{"user32", 1075}:                         aborted,
		{"eventlog", 6006}:                       going,
		{"microsoft-windows-kernel-power", 109}:  going,
		{"microsoft-windows-kernel-general", 13}: going,
		{"microsoft-windows-kernel-general", 12}: started,
		{"eventlog", 6005}:                       service,
		{"eventlog", 6008}:                       crashed,
		{"microsoft-windows-kernel-power", 41}:   crashed,
	}[key{strings.ToLower(r.Provider), r.ID}]
}

type event struct {
	what     what
	record   *evtx.Record
	evidence sdk.Evidence
}

// down is a boot in the making.
type down struct {
	Boot
	since time.Time // of the start before, as far as it is known
	end   time.Time // last event of going down
}

// maxEvidence bounds how many events of one boot are cited.
const maxEvidence = 8

// cited are the events of a boot by how much they tell: who asked for it, else that it was a crash, else that the system
// went down, and then the others in the order of time.
func (d *down) cited() []sdk.Evidence {
	telling := []uint32{1074, 41, 6008, 109, 13, 6006}
	rank := func(e sdk.Evidence) int {
		if i := slices.Index(telling, e.EventID); i >= 0 {
			return i
		}
		return len(telling)
	}
	slices.SortStableFunc(d.Evidence, func(a, b sdk.Evidence) int { return cmp.Compare(rank(a), rank(b)) })
	return d.Evidence[:min(len(d.Evidence), maxEvidence)]
}

// maxShutdown is the longest time between asking for a shutdown and the event log service stopping: updates may be
// configured in it.
const maxShutdown = 2 * time.Hour

// maxStarting is the longest time in which a start logs its events.
const maxStarting = 10 * time.Minute

// pairing is the state while the events are gone through in the order of time.
type pairing struct {
	found   []*down
	open    *down // going down, not up again yet
	request *event
	lastUp  time.Time
	kernel  bool // the last start was seen by the kernel's own event
}

// pair makes boots of events. Their order in the log is not that of time: the kernel's events of a shutdown are
// written by the next start.
func pair(events []event) []*down {
	slices.SortStableFunc(events, func(a, b event) int { return a.record.Time.Compare(b.record.Time) })
	var p pairing
	for i := range events {
		e := &events[i]
		switch e.what {
		case asked:
			p.ask(e)
		case aborted:
			p.request = nil
		case going:
			p.down(e)
		case started, service:
			p.up(e)
		case crashed:
			p.crash(e)
		}
	}
	p.unanswered()
	if p.open != nil {
		p.close(nil)
	}
	return p.found
}

// ask remembers who asked. Of several programs in a row the last one brought the system down.
func (p *pairing) ask(e *event) {
	if p.open != nil {
		p.close(nil) // what asks is running, so it did come up
	}
	if p.request != nil && e.record.Time.Sub(p.request.record.Time) > maxStarting {
		p.unanswered()
	}
	p.request = e
}

// unanswered makes a boot of a request after which no event of going down came: with fast startup Windows logs none,
// and the log of a disk may end there.
func (p *pairing) unanswered() {
	if p.request == nil {
		return
	}
	d := &down{Boot: Boot{Down: p.request.record.Time}, since: p.lastUp}
	d.ask(p.request)
	p.found = append(p.found, d)
	p.request = nil
}

func (p *pairing) down(e *event) {
	at := e.record.Time
	if p.open == nil {
		if p.request != nil && at.Sub(p.request.record.Time) > maxShutdown {
			p.unanswered()
		}
		p.open = &down{Boot: Boot{Down: at, Kind: "unknown"}, since: p.lastUp}
		if p.request != nil {
			p.open.ask(p.request)
			p.request = nil
		}
	}
	p.open.end = at
	p.open.Evidence = append(p.open.Evidence, e.evidence)
	// POWER_ACTION: 4 PowerActionShutdown, 5 PowerActionShutdownReset, 6 PowerActionShutdownOff
	switch v, _ := e.record.Value("ShutdownActionType"); v {
	case "5":
		p.open.Kind = "restart"
	case "4", "6":
		p.open.Kind = "shutdown"
	}
}

func (p *pairing) up(e *event) {
	at := e.record.Time
	if e.what == service && p.open == nil && p.kernel && at.Sub(p.lastUp) < maxStarting {
		return // the kernel's event of the same start was there before
	}
	switch {
	case p.open != nil:
		p.open.Evidence = append(p.open.Evidence, e.evidence)
		p.close(&at)
	case p.request != nil && at.Sub(p.request.record.Time) <= maxShutdown:
		p.unanswered()
		d := p.found[len(p.found)-1]
		d.Up, d.Evidence = &at, append(d.Evidence, e.evidence)
	default:
		// Nothing announced it. Unless a crash is found below, only the records before tell when the system stopped.
		p.unanswered()
		p.found = append(p.found, &down{Boot: Boot{Kind: "unknown", Initiator: "unknown", Up: &at, Evidence: []sdk.Evidence{e.evidence}}, since: p.lastUp})
	}
	p.lastUp, p.kernel = at, e.what == started
}

// close ends the boot that is open. A shutdown that nobody explained is visible as such.
func (p *pairing) close(up *time.Time) {
	d := p.open
	d.Up = up
	if d.Initiator == "" {
		d.Initiator = "unknown"
	}
	p.found = append(p.found, d)
	p.open = nil
}

// crash marks the last start as one after a crash.
func (p *pairing) crash(e *event) {
	at := e.record.Time
	if len(p.found) == 0 || p.lastUp.IsZero() || at.Sub(p.lastUp) > maxStarting {
		p.found = append(p.found, &down{Boot: Boot{Kind: "unknown", Initiator: "unknown", Up: &at}, since: p.lastUp})
		p.lastUp, p.kernel = at, false
	}
	d := p.found[len(p.found)-1]
	d.Evidence = append(d.Evidence, e.evidence)
	if !d.end.IsZero() {
		return // it had gone down in an orderly way, and then hung
	}
	d.Kind = "crash"
	if d.Process == "" {
		d.initiated("nobody")
	}
	if alive, ok := lastSeen(e.record); ok && alive.Before(*d.Up) {
		d.Down = alive
	}
}

// lastSeen reads when the system was last alive from EventLog 6008: its binary data are two SYSTEMTIME, in local time
// and in UTC, whatever the language of the text.
func lastSeen(r *evtx.Record) (time.Time, bool) {
	if r.ID != 6008 || len(r.Binary) < 32 {
		return time.Time{}, false
	}
	var f [8]int // year, month, weekday, day, hour, minute, second, millisecond
	for i := range f {
		f[i] = int(binary.LittleEndian.Uint16(r.Binary[16+2*i:]))
	}
	t := time.Date(f[0], time.Month(f[1]), f[3], f[4], f[5], f[6], f[7]*1e6, time.UTC)
	return t, f[0] > 1980 && f[0] < 2200 && f[1] >= 1 && f[1] <= 12
}
