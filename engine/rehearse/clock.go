package rehearse

import (
	"context"
	"time"
)

// longestStep bounds how far one wait moves the clock on, so that its time stays one that can be written.
const longestStep = 30 * 24 * time.Hour

// clock is a time that stands still but for waiting, which takes none. Each wait moves it twice as far as the one before
// it: what is read does not change while a test waits, and so the end of a long limit comes soon.
type clock struct {
	now  time.Time
	step time.Duration
}

// Now is the simulated time.
func (c *clock) Now() time.Time { return c.now }

// Wait moves the clock on, at least as far as was asked for.
func (c *clock) Wait(_ context.Context, d time.Duration) {
	c.step = max(d, min(2*c.step, longestStep))
	c.now = c.now.Add(c.step)
}
