package pseudonym

import (
	"slices"
	"strings"
)

// span is a part of a text that is to be replaced.
type span struct {
	area
	// with gives what is to stand in its place, and counts it. Numbers are given out only then, so that a span that is
	// dropped for another leaves no gap. It is nil where the text is to stay, being a pseudonym already.
	with func() string
}

// kept says that a span stays as it is.
func (s span) kept() bool { return s.with == nil }

// merge adds spans of a text to those that are taken. Both are in order, and what comes of it is without overlaps. One
// that overlaps a taken one is dropped, and the taken one grows over what is left of it, so that no part of a name
// stays. What is kept does not grow.
func merge(s string, taken, more []span) []span {
	more = apart(more)
	if len(taken) == 0 || len(more) == 0 {
		return append(taken, more...)
	}
	out := make([]span, 0, len(taken)+len(more))
	i := 0
	for _, m := range more {
		for i < len(taken) && taken[i].to <= m.from {
			out = append(out, taken[i])
			i++
		}
		if i == len(taken) || taken[i].from >= m.to {
			out = append(out, m)
			continue
		}
		if first := &taken[i]; m.from < first.from && !first.kept() && hasWord(s[m.from:first.from]) {
			first.from = m.from
		}
		for j := i; j < len(taken) && taken[j].from < m.to; j++ {
			limit := m.to
			if j+1 < len(taken) {
				limit = min(limit, taken[j+1].from)
			}
			if limit > taken[j].to && !taken[j].kept() && hasWord(s[taken[j].to:limit]) {
				taken[j].to = limit
			}
		}
	}
	return append(out, taken[i:]...)
}

// apart drops what overlaps the span before it.
func apart(spans []span) []span {
	free := 0
	return slices.DeleteFunc(spans, func(sp span) bool {
		if sp.from < free || sp.to <= sp.from {
			return true
		}
		free = sp.to
		return false
	})
}

func hasWord(s string) bool { return strings.ContainsFunc(s, wordRune) }
