package scan

import (
	"regexp"
	"strings"
	"time"
)

// Match is the first match of one pattern in one line. It is valid only during the call that it is given to.
type Match struct {
	Pattern int    // index into the patterns given to Compile
	Name    string // of the pattern
	Line    int64  // 1 for the first line; 0 if not known (Options.Offset)
	Offset  int64  // of the line's first byte in the log as it was read
	LineCut bool   // the line is longer than what is looked at; the rest was not matched

	// Time is what Options.Stamp reads from the line or, if Inherited, from the nearest line above that has a time
	// stamp. Timed is false where there is none.
	Time      time.Time
	Timed     bool
	Inherited bool

	text []byte // the whole line, valid UTF-8
	re   *regexp.Regexp
	loc  []int
}

// Text gives the line as UTF-8, at most limit bytes of it. Where the line is longer, cut is true and the text is a part
// of the line that shows the match.
func (m *Match) Text(limit int) (text string, cut bool) {
	if len(m.text) <= limit {
		return string(m.text), false
	}
	from := 0
	if m.loc[1] > limit {
		// Some of what comes before the match stays for context.
		from = max(0, m.loc[0]-limit/4)
	}
	return bounded(m.text[from:], limit), true
}

// Group gives what the numbered group matched (0: the whole match), at most limit bytes; false if it took no part.
func (m *Match) Group(i, limit int) (string, bool) {
	if i < 0 || 2*i+1 >= len(m.loc) || m.loc[2*i] < 0 {
		return "", false
	}
	return bounded(m.text[m.loc[2*i]:m.loc[2*i+1]], limit), true
}

// Groups is how many numbered groups the pattern has.
func (m *Match) Groups() int { return m.re.NumSubexp() }

// Named gives the text of each named group that took part, at most limit bytes each; nil if the pattern has none.
func (m *Match) Named(limit int) map[string]string {
	var out map[string]string
	for i, name := range m.re.SubexpNames() {
		if name == "" {
			continue
		}
		if text, ok := m.Group(i, limit); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = text
		}
	}
	return out
}

// bounded cuts b to at most limit bytes; a rune that would be halved at either end goes too.
func bounded(b []byte, limit int) string {
	if len(b) > limit {
		b = b[:limit]
	}
	return strings.ToValidUTF8(string(b), "")
}
