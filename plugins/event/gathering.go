package event

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk/hresult"
	"github.com/rectify-project/rectify/sdk/schema"
)

// Bounds of one event in an answer.
const (
	maxValues = 64
	maxValue  = 512 // bytes
)

// gathering holds the newest events of a scan.
type gathering struct {
	channel *eventlog.Channel
	limit   int
	count   int
	kept    []*evtx.Record // at most twice as many as are wanted; trimmed to the newest
}

func (g *gathering) add(r *evtx.Record) {
	g.count++
	r.Data = r.Data[:min(len(r.Data), maxValues)]
	for i := range r.Data {
		r.Data[i].Value = shorten(r.Data[i].Value)
	}
	if g.kept = append(g.kept, r); len(g.kept) >= 2*g.limit {
		g.trim()
	}
}

func (g *gathering) trim() {
	slices.SortStableFunc(g.kept, func(a, b *evtx.Record) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.RecordID, b.RecordID))
	})
	if extra := len(g.kept) - g.limit; extra > 0 {
		g.kept = slices.Delete(g.kept, 0, extra)
	}
}

// answer lists the events, their data as the type of this call has it.
func (g *gathering) answer(ctx context.Context, data *schema.Type) answer {
	g.trim()
	out := answer{Count: g.count, Cut: g.count > len(g.kept), Events: []event{}}
	for _, r := range g.kept {
		evidence := g.channel.Evidence(r)
		evidence.Text = g.channel.Words(ctx, r)
		out.Events = append(out.Events, event{
			Record: int64(r.RecordID), Time: r.Time, ID: int(r.ID), Provider: r.Provider,
			Level: level(r.Level), Computer: r.Computer, User: r.UserSID,
			Data: typed(values(r), data), Evidence: evidence,
		})
	}
	return out
}

// level names the levels of [MS-EVEN6] 2.2.12.1; 0 is "always logged".
func level(n uint8) string {
	switch n {
	case 0, 4:
		return "information"
	case 1:
		return "critical"
	case 2:
		return "error"
	case 3:
		return "warning"
	case 5:
		return "verbose"
	}
	return "other"
}

// values are the data of an event by name. Values of one name are joined: they are an array.
func values(r *evtx.Record) map[string]string {
	out := make(map[string]string, min(len(r.Data), maxValues))
	for i, f := range r.Data {
		name := f.Name
		if name == "" {
			name = "param" + strconv.Itoa(i+1)
		}
		before, dup := out[name]
		switch {
		case dup && len(before) < maxValue:
			out[name] = shorten(before + ", " + f.Value)
		case !dup && len(out) < maxValues:
			out[name] = shorten(f.Value)
		}
	}
	if text := r.BinaryText(); printable(text) {
		out["binary"] = shorten(text)
	}
	return out
}

func printable(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) < 0
}

func shorten(s string) string {
	if len(s) <= maxValue {
		return s
	}
	return strings.ToValidUTF8(s[:maxValue], "") + "…"
}

// hasData says whether an event has all the values that are wanted.
func hasData(r *evtx.Record, wanted map[string]string) bool {
	if len(wanted) == 0 {
		return true
	}
	have := values(r)
	for name, want := range wanted {
		if v, ok := have[name]; !ok || !same(v, shorten(want)) {
			return false
		}
	}
	return true
}

// same compares two values: without regard to case, or as codes in different spellings.
func same(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	if !strings.HasPrefix(strings.ToLower(a), "0x") && !strings.HasPrefix(strings.ToLower(b), "0x") {
		return false
	}
	x, errX := hresult.Parse(a)
	y, errY := hresult.Parse(b)
	return errX == nil && errY == nil && x == y
}
