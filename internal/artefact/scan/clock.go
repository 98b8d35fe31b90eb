package scan

import (
	"bytes"
	"time"
)

// clock knows the time stamp in force at lines of the buffer without reading every line: it looks back from the line
// in question, as far as it has not looked before.
type clock struct {
	time  time.Time // in force at the last line that was resolved
	timed bool
	floor int // where the first line of the buffer begins
	known int // lines that begin before this are resolved

	first time.Time
	begun bool // first is set
}

// of gives the time of the line that begins at start; inherited if it is that of a line above. Calls come in the order
// of the lines.
func (c *clock) of(buf []byte, start int, stamp StampFunc) (t time.Time, timed, inherited bool) {
	own := false
	for at := start; at >= c.known; {
		if t, ok := stamp(head(buf[at:])); ok {
			c.time, c.timed, own = t, true, at == start
			break
		}
		if at == 0 {
			break
		}
		at = bytes.LastIndexByte(buf[:at-1], '\n') + 1
	}
	c.known = max(c.known, start+1)
	return c.time, c.timed, c.timed && !own
}

// skipTo says that no line begins before or at end.
func (c *clock) skipTo(end int) { c.floor, c.known = end+1, end+1 }

// leave is called when the scan is done with b, the beginning of the buffer.
func (c *clock) leave(b []byte, stamp StampFunc) {
	for at := c.floor; !c.begun && at < len(b); {
		c.first, c.begun = stamp(head(b[at:]))
		end := bytes.IndexByte(b[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	if len(b) > 0 {
		if start := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1; start >= c.known {
			c.of(b, start, stamp)
		}
	}
	c.floor, c.known = 0, 0
}

// head is what a StampFunc gets to see of the line that b begins with.
func head(b []byte) []byte {
	b = b[:min(len(b), stampBytes)]
	if end := bytes.IndexByte(b, '\n'); end >= 0 {
		b = b[:end]
	}
	return b
}
