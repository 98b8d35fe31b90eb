package eventlog

import (
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/sdk"
)

// Coverage is what a scan saw of a channel, whatever its filter.
type Coverage struct {
	Channel string

	Records int // that could be read; on a running Windows those that the log has
	Matched int // that passed the filter

	// Oldest and Newest are times of records; zero where there is none.
	Oldest, Newest time.Time
	// FromStart says that the channel holds all that was logged since Windows was installed, so that nothing before
	// Oldest is missing. It is looked at only where Oldest lies after the start of the filter.
	FromStart bool

	// Damaged counts chunks and records that could not be read, or were gone before they were; Reason says so in words, empty where nothing was lost.
	Damaged int
	Reason  string
}

func fileCoverage(channel string, seen evtx.Coverage) Coverage {
	cov := Coverage{Channel: channel, Records: seen.Records, Matched: seen.Matched, Oldest: seen.Oldest, Newest: seen.Newest}
	cov.Damaged = seen.BadChunks + seen.Damaged
	if cov.Damaged == 0 {
		return cov
	}
	where := ""
	switch {
	case len(seen.RecordFaults) > 0:
		where = ", the first at " + seen.RecordFaults[0].String()
	case len(seen.ChunkFaults) > 0:
		where = ", the first at " + seen.ChunkFaults[0].String()
	}
	cov.Reason = fmt.Sprintf("the log of the channel %s is damaged: %d of its chunks and %d records cannot be read whole%s",
		channel, seen.BadChunks, seen.Damaged, where)
	return cov
}

// Lost says what of the time from from on the channel cannot tell, in words, and which time it does cover. The reason
// is empty where nothing is missing. A zero from asks for all that there is.
//
// A log that is quiet at its end has lost nothing: records are written as things happen, and a machine that is off
// logs nothing.
func (c Coverage) Lost(from time.Time) (reason string, covers *sdk.Window) {
	switch {
	case c.Records == 0:
		if c.Reason != "" {
			return c.Reason, nil
		}
		return fmt.Sprintf("the channel %s is empty: it was cleared, or switched on and never written to", c.Channel), nil
	case !from.IsZero() && c.Oldest.After(from) && !c.FromStart:
		reason = fmt.Sprintf("the channel %s begins at %s, after the start of the time asked for, %s",
			c.Channel, c.Oldest.Format(time.RFC3339), from.Format(time.RFC3339))
		if c.Reason != "" {
			reason += "; " + c.Reason
		}
		return reason, &sdk.Window{From: c.Oldest}
	}
	return c.Reason, nil
}
