package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// ticker tells a person at a terminal how far slow readings are, on one line that is written over. Elsewhere it says
// nothing: logs are read by nobody while a reading lasts.
type ticker struct {
	out  io.Writer // nil: say nothing
	mu   sync.Mutex
	last time.Time
}

const tickInterval = 250 * time.Millisecond

func newTicker(w io.Writer) *ticker {
	if !isTerminal(w) {
		return &ticker{}
	}
	return &ticker{out: w, last: time.Now().Add(tickInterval)}
}

// progress shows how far a reading is, a few times a second at most.
func (t *ticker) progress(uses string, p sdk.Progress) {
	if t.out == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); now.Sub(t.last) < tickInterval {
		return
	} else {
		t.last = now
	}
	line := uses + " " + p.Note
	if p.Total > 0 {
		line += fmt.Sprintf(" %d %%", p.Done*100/p.Total)
	}
	if len(line) > 78 {
		line = line[:78]
	}
	fmt.Fprintf(t.out, "\r%-78s\r", strings.TrimSpace(line))
}
