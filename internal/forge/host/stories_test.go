package host_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/host"
)

// TestStories follows the events from the failures to what happened around them, as a person would.
func TestStories(t *testing.T) {
	type signs struct {
		open     int      // updates that failed with 0x8024001E and did not succeed later
		culprits []string // tasks of others than Microsoft that the update service stopped within a minute after, around a failure
		present  []string // tasks of others than Microsoft that ran around a failure
		foreign  int      // restarts around a failure that something else than Windows Update asked for
		own      int      // restarts around a failure that Windows Update asked for
		stops    int      // of the update service around a failure
	}
	for name, want := range map[string]signs{
		"task-interferes":    {open: 2, culprits: []string{`\Check WSUS Reg`, `\Check WSUS Reg`}, present: []string{`\Check WSUS Reg`, `\Check WSUS Reg`}, stops: 2},
		"unexpected-restart": {open: 1, foreign: 1},
		"update-restart":     {open: 1, own: 1},
		"wsus-outage":        {open: 1, present: []string{`\Contoso\Inventory`}, stops: 1},
		"corrupt-download":   {open: 1},
		"task-log-off":       {open: 1},
		"two-failures":       {open: 1, present: []string{`\Contoso\Copy logs`}},
		"healed":             {},
		"healthy":            {},
	} {
		t.Run(name, func(t *testing.T) {
			m := disk(t, name)
			var got signs
			for _, w := range failures(m) {
				got.open++
				stops := stopsWithin(m, w)
				got.stops += len(stops)
				for _, e := range m.Channel(tasks) {
					path, _ := e.EventData[0].Value.(string)
					if e.ID != 100 || strings.HasPrefix(path, `\Microsoft\`) || !w.has(e.Time) {
						continue
					}
					got.present = append(got.present, path)
					after := span{e.Time, e.Time.Add(time.Minute)}
					if slices.ContainsFunc(stops, after.has) {
						got.culprits = append(got.culprits, path)
					}
				}
				for _, e := range m.Channel(system) {
					if e.ID != 1074 || !w.has(e.Time) {
						continue
					}
					if process, _ := e.EventData[0].Value.(string); strings.Contains(process, "MoUsoCoreWorker.exe") {
						got.own++
					} else {
						got.foreign++
					}
				}
			}
			if got.open != want.open || got.foreign != want.foreign || got.own != want.own || got.stops != want.stops ||
				!slices.Equal(got.culprits, want.culprits) || !slices.Equal(got.present, want.present) {
				t.Errorf("%+v, expected %+v", got, want)
			}
		})
	}
}

type span struct{ from, to time.Time }

func (s span) has(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

// failures are the times around the last failures of updates that did not succeed later, from two minutes before they
// began to five after they ended.
func failures(m *host.Machine) []span {
	began, open := map[any]time.Time{}, map[any]span{}
	var order []any
	for _, e := range m.Channel(system) {
		if e.Provider != "Microsoft-Windows-WindowsUpdateClient" {
			continue
		}
		switch e.ID {
		case 43, 44:
			if guid := e.EventData[1].Value; began[guid].IsZero() || e.ID == 44 {
				began[guid] = e.Time
			}
		case 19:
			delete(open, e.EventData[1].Value)
		case 20:
			if guid := e.EventData[2].Value; e.EventData[0].Value == evtx.HexInt32(host.ServiceStop) {
				open[guid] = span{began[guid].Add(-2 * time.Minute), e.Time.Add(5 * time.Minute)}
				order = append(order, guid)
			}
		}
	}
	var out []span
	for i, guid := range order {
		if w, ok := open[guid]; ok && !slices.Contains(order[i+1:], guid) {
			out = append(out, w)
		}
	}
	return out
}

func stopsWithin(m *host.Machine, w span) []time.Time {
	var out []time.Time
	for _, e := range m.Channel(system) {
		if e.ID == 7036 && e.EventData[0].Value == "Windows Update" && e.EventData[1].Value == "stopped" && w.has(e.Time) {
			out = append(out, e.Time)
		}
	}
	return out
}
