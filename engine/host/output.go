package host

import (
	"bytes"
	"strings"
	"sync"
)

const (
	maxLine      = 64 << 10 // bytes of one line of output; longer ones are cut
	maxWord      = 1 << 10  // bytes of one line of the last words
	maxWords     = 20       // lines of last words
	maxForwarded = 10_000   // lines of one process that go to the log
)

// lineWriter splits what a process writes into lines. It never fails and never blocks the process for long.
type lineWriter struct {
	emit func(line string)
	buf  []byte
	skip bool // inside a line that was cut
}

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		part := p
		if i >= 0 {
			part = p[:i]
		}
		if !w.skip {
			w.buf = append(w.buf, part[:min(len(part), maxLine-len(w.buf))]...)
		}
		if i < 0 {
			if len(w.buf) == maxLine && !w.skip {
				w.flush()
				w.skip = true
			}
			break
		}
		if !w.skip {
			w.flush()
		}
		w.skip = false
		p = p[i+1:]
	}
	return n, nil
}

// flush emits what there is of the last line.
func (w *lineWriter) flush() {
	w.emit(strings.TrimSuffix(string(w.buf), "\r"))
	w.buf = w.buf[:0]
}

// end emits a last line that has no end.
func (w *lineWriter) end() {
	if len(w.buf) > 0 {
		w.flush()
	}
}

// lastWords keeps the last lines of a process; of a Go panic its first lines, which say what it was.
type lastWords struct {
	mu     sync.Mutex
	lines  []string
	frozen int // lines that are still taken after a panic began; 0 before
}

const panicWords = 3

func (l *lastWords) add(line string) {
	line = strings.ToValidUTF8(line, "\uFFFD")
	if strings.TrimSpace(line) == "" {
		return
	}
	if len(line) > maxWord {
		line = strings.ToValidUTF8(line[:maxWord], "") + "…"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.frozen == 1:
		return
	case l.frozen > 1:
		l.frozen--
	case strings.HasPrefix(line, "panic:"), strings.HasPrefix(line, "fatal error:"):
		l.frozen = panicWords
		l.lines = l.lines[:0]
	}
	if len(l.lines) == maxWords {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, line)
}

func (l *lastWords) get() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}
