package scan

import (
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// shortest is the least length of a literal that is worth searching for.
	shortest = 3
	// most is how many alternative literals one pattern may need before it is matched line by line instead.
	most = 64
	// gap stands in a literal for a rune whose bytes in the log are not certain. A regular expression may ask for
	// byte 0 itself, which then counts as uncertain too.
	gap = '\x00'
)

// literals gives strings of lower-case ASCII of which every line that re matches must contain at least one, whatever
// the case. It gives nil where there is no such set.
func literals(re *syntax.Regexp) []string {
	set := required(re.Simplify())
	var out []string
	for _, s := range set {
		piece := longestPiece(s)
		if len(piece) < shortest {
			return nil
		}
		out = append(out, piece)
	}
	return out
}

func longestPiece(s string) string {
	best := ""
	for piece := range strings.SplitSeq(s, string(gap)) {
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best
}

// weakest is the length of the shortest literal that a search for the set comes down to.
func weakest(set []string) int {
	if len(set) == 0 {
		return 0
	}
	least := len(longestPiece(set[0]))
	for _, s := range set[1:] {
		least = min(least, len(longestPiece(s)))
	}
	return least
}

func better(a, b []string) []string {
	wa, wb := weakest(a), weakest(b)
	if wa > wb || (wa == wb && len(a) < len(b) && len(a) > 0) {
		return a
	}
	return b
}

// required gives a set of strings one of which is in every match; nil if none is known.
func required(re *syntax.Regexp) []string {
	if set, ok := exact(re); ok {
		return set
	}
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpAlternate:
		var union []string
		for _, sub := range re.Sub {
			set := required(sub)
			if weakest(set) == 0 || len(union)+len(set) > most {
				return nil
			}
			union = append(union, set...)
		}
		return union
	case syntax.OpConcat:
		return requiredOfConcat(re.Sub)
	}
	return nil
}

// requiredOfConcat joins neighbours that are exact into longer strings and keeps the best set seen.
func requiredOfConcat(subs []*syntax.Regexp) []string {
	var best []string
	run := []string{""}
	for _, sub := range subs {
		set, ok := exact(sub)
		if ok {
			if longer, fits := product(run, set); fits {
				run = longer
				continue
			}
			best, run = better(run, best), set
			continue
		}
		best = better(run, best)
		best = better(required(sub), best)
		run = []string{""}
	}
	return better(run, best)
}

func product(a, b []string) ([]string, bool) {
	if len(a)*len(b) > most {
		return nil, false
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return unique(out), true
}

func unique(set []string) []string {
	seen := make(map[string]bool, len(set))
	out := set[:0]
	for _, s := range set {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// exact gives all strings that re can match, folded to lower case and with gaps, where they are few.
func exact(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, true
	case syntax.OpLiteral:
		var b strings.Builder
		for _, r := range re.Rune {
			b.WriteByte(folded(r, re.Flags&syntax.FoldCase != 0))
		}
		return []string{b.String()}, true
	case syntax.OpCharClass:
		return exactClass(re.Rune)
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpQuest:
		set, ok := exact(re.Sub[0])
		if !ok || len(set) >= most {
			return nil, false
		}
		return unique(append([]string{""}, set...)), true
	case syntax.OpAlternate:
		var union []string
		for _, sub := range re.Sub {
			set, ok := exact(sub)
			if !ok || len(union)+len(set) > most {
				return nil, false
			}
			union = append(union, set...)
		}
		return unique(union), true
	case syntax.OpConcat:
		run := []string{""}
		for _, sub := range re.Sub {
			set, ok := exact(sub)
			if !ok {
				return nil, false
			}
			if run, ok = product(run, set); !ok {
				return nil, false
			}
		}
		return run, true
	}
	return nil, false
}

func exactClass(ranges []rune) ([]string, bool) {
	var set []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 16 {
			return nil, false
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			set = append(set, string(rune(folded(r, false))))
		}
	}
	set = unique(set)
	return set, len(set) > 0 && len(set) <= 16
}

// folded is the lower-case byte that stands for r, or gap. A folding k also matches the Kelvin sign and a folding s
// the long s, which are not ASCII.
func folded(r rune, fold bool) byte {
	if r >= utf8.RuneSelf {
		return gap
	}
	if fold {
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if o >= utf8.RuneSelf {
				return gap
			}
		}
	}
	return lower[byte(r)]
}

var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()
