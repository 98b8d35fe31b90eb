package eventlog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
)

const (
	// maxIDs is how many identifiers an expression names. The service refuses expressions of more than some twenty terms
	// (ERROR_EVT_FILTER_TOO_COMPLEX); the others are times and a number.
	maxIDs = 16
	// lastID is the largest identifier that an event can have.
	lastID = 0xFFFF
)

// expression makes the XPath of a filter, for records behind a number; false where no event can pass. It selects at least
// what the filter does. Providers are left out of it: the service tells the case of their names apart, and one provider
// writes its own in several ways (USER32, User32).
func expression(f evtx.Filter, after uint64) (xpath string, possible bool) {
	var terms []string
	ids := slices.DeleteFunc(slices.Clone(f.IDs), func(id uint32) bool { return id > lastID })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch {
	case len(f.IDs) > 0 && len(ids) == 0:
		return "", false
	case len(ids) > 0 && len(ids) <= maxIDs:
		var list []string
		for _, id := range ids {
			list = append(list, fmt.Sprintf("EventID=%d", id))
		}
		terms = append(terms, "("+strings.Join(list, " or ")+")")
	}
	if t := bounds(f); t != "" {
		terms = append(terms, "TimeCreated["+t+"]")
	}
	if after > 0 {
		terms = append(terms, fmt.Sprintf("(EventRecordID>%d)", after))
	}
	if len(terms) == 0 {
		return "*", true
	}
	return "*[System[" + strings.Join(terms, " and ") + "]]", true
}

// bounds bounds the time, widened to whole milliseconds. A bound at which no event can lie is left out.
func bounds(f evtx.Filter) string {
	var list []string
	const layout = "2006-01-02T15:04:05.000Z"
	if plausible(f.From.UTC()) {
		list = append(list, "@SystemTime>='"+f.From.UTC().Truncate(time.Millisecond).Format(layout)+"'")
	}
	if to := f.To.UTC().Add(time.Millisecond - 1).Truncate(time.Millisecond); plausible(to) {
		list = append(list, "@SystemTime<='"+to.Format(layout)+"'")
	}
	return strings.Join(list, " and ")
}

// passes says whether a record passes a filter.
func passes(f evtx.Filter, r *evtx.Record) bool {
	return (len(f.IDs) == 0 || slices.Contains(f.IDs, r.ID)) &&
		(f.From.IsZero() || !r.Time.Before(f.From)) && (f.To.IsZero() || !r.Time.After(f.To)) &&
		(len(f.Providers) == 0 || slices.ContainsFunc(f.Providers, func(p string) bool { return strings.EqualFold(p, r.Provider) }))
}
