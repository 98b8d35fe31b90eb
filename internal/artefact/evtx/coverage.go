package evtx

import (
	"fmt"
	"time"
)

// maxFaults bounds how many faults of a kind are kept; the counters beside them go on.
const maxFaults = 32

// Fault is a place in the file that could not be read as it should be.
type Fault struct {
	Offset int64
	Reason string
}

func (f Fault) String() string { return fmt.Sprintf("offset %d: %s", f.Offset, f.Reason) }

// Coverage tells what a scan saw of a log, whatever its filter: what the log covers in time and what is missing.
type Coverage struct {
	Header Header

	// Chunks counts the chunks whose records were read, those with a fault included.
	Chunks int
	// EmptySlots counts 64 KiB slots that were never used.
	EmptySlots int
	// BadChunks counts chunks with a fault: an unknown signature, a wrong checksum, a failed read. Their records
	// were read as far as possible. ChunkFaults has the first 32.
	BadChunks   int
	ChunkFaults []Fault

	// Records counts the records whose System part could be read.
	Records int
	// Matched counts the records that were delivered.
	Matched int
	// Damaged counts records that could not be read, and gaps in which records may have been lost. Payloads are
	// decoded for matching records only, so damage in others may go unseen. RecordFaults has the first 32.
	Damaged      int
	RecordFaults []Fault

	// Oldest and Newest are the times of the oldest and newest of Records, zero if there is none. Times before
	// 1980 or after 2200 come from damaged records and are ignored.
	Oldest, Newest time.Time

	// TruncatedTail is the number of bytes after the last whole chunk: a chunk that was cut off, or padding.
	TruncatedTail int64
}

var (
	earliestPlausible = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	latestPlausible   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (c *Coverage) see(t time.Time) {
	c.Records++
	if t.Before(earliestPlausible) || t.After(latestPlausible) {
		return
	}
	if c.Oldest.IsZero() || t.Before(c.Oldest) {
		c.Oldest = t
	}
	if t.After(c.Newest) {
		c.Newest = t
	}
}

func (c *Coverage) chunkFault(off int64, reason string) {
	c.BadChunks++
	if len(c.ChunkFaults) < maxFaults {
		c.ChunkFaults = append(c.ChunkFaults, Fault{off, reason})
	}
}

func (c *Coverage) recordFault(off int64, reason string) {
	c.Damaged++
	if len(c.RecordFaults) < maxFaults {
		c.RecordFaults = append(c.RecordFaults, Fault{off, reason})
	}
}
