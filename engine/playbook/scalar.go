package playbook

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/diag"
)

// Style is how a scalar is written.
type Style int

const (
	Plain   Style = iota // word
	Single               // 'word'
	Double               // "word"
	Literal              // | and lines
	Folded               // > and lines
)

// Kind is what a plain word reads as. A quoted or block scalar is always Text. The word itself is kept in
// Scalar.Value in every case, so that whoever knows the wanted type loses nothing (`1.10` wanted as text is "1.10").
type Kind int

const (
	Text   Kind = iota
	Int         // 5, -5
	Number      // 1.5
	Bool        // true, false
	Hex         // 0x8024001E
	Date        // 2025-12-01; accepted only where a date is wanted
	Time        // 2026-01-10T08:40:00Z (RFC 3339)
	null        // empty, ~, null: never handed out
)

// Scalar is one text of a document with its place. The zero Scalar is one that was not given.
type Scalar struct {
	Value string
	Style Style
	Kind  Kind
	Span  diag.Span // from its first sign (a quote counts) to just after its last

	trap   string // why YAML would read this plain word as something else than it looks like; "" where it would not
	source *source
}

// Given says whether the scalar stands in the document.
func (s Scalar) Given() bool { return s.Span.Start.Known() }

// At gives the place in the file of the rune with this 0-based offset in Value, or the place just after the last
// one for an offset at or past the end.
func (s Scalar) At(offset int) diag.Position {
	if offset < 0 {
		offset = 0
	}
	if s.source == nil {
		return s.Span.Start
	}
	if s.Style == Plain && s.Span.Start.Line == s.Span.End.Line {
		return diag.Position{Line: s.Span.Start.Line, Column: min(s.Span.Start.Column+offset, s.Span.End.Column)}
	}
	places, _ := s.source.align(s.Span.Start, s.Style, s.Value)
	return places[min(offset, len(places)-1)]
}

// Range gives the span of the runes from one offset up to, and without, another.
func (s Scalar) Range(from, to int) diag.Span {
	if to <= from {
		at := s.At(from)
		return diag.Span{Start: at, End: at}
	}
	end := s.At(to - 1)
	end.Column++
	if after := s.At(to); after.Line == end.Line && end.Before(after) {
		end = after
	}
	return diag.Span{Start: s.At(from), End: end}
}

// place finds Span.End, and for a plain scalar on one line does so without walking its source.
func (s *Scalar) place(start diag.Position) {
	s.Span.Start = start
	rest, length := s.source.after(start), utf8.RuneCountInString(s.Value)
	if s.Style == Plain && length <= len(rest) && string(rest[:length]) == s.Value {
		s.Span.End = diag.Position{Line: start.Line, Column: start.Column + length}
		return
	}
	_, s.Span.End = s.source.align(start, s.Style, s.Value)
}

var (
	intWord      = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	numberWord   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+$`)
	hexWord      = regexp.MustCompile(`^0[xX][0-9a-fA-F]+$`)
	dateWord     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	dateLike     = regexp.MustCompile(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$`)
	sexagesimal  = regexp.MustCompile(`^[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?$`)
	octalWord    = regexp.MustCompile(`^[-+]?0[oO]?[0-7_]+$`)
	leadingZero  = regexp.MustCompile(`^[-+]?0[0-9]+$`)
	binaryWord   = regexp.MustCompile(`^[-+]?0[bB][01_]+$`)
	signedHex    = regexp.MustCompile(`^[-+]?0[xX][0-9a-fA-F_]+$`)
	underscored  = regexp.MustCompile(`^[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?$`)
	exponentWord = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$`)
	signedWord   = regexp.MustCompile(`^\+[0-9]+(\.[0-9]+)?$`)
	bareDot      = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+\.)$`)
	infinity     = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// classify says what a plain word reads as, and where YAML's answer would surprise its writer, why.
func classify(word string) (kind Kind, trap string) {
	switch word {
	case "", "~", "null", "Null", "NULL":
		return null, ""
	case "true", "false":
		return Bool, ""
	case "True", "TRUE", "False", "FALSE":
		return Text, "YAML reads it as the truth value " + strings.ToLower(word)
	}
	switch strings.ToLower(word) {
	case "yes", "on", "y":
		return Text, "YAML 1.1 reads it as the truth value true"
	case "no", "off", "n":
		return Text, "YAML 1.1 reads it as the truth value false"
	}
	if first := word[0]; first != '-' && first != '+' && first != '.' && (first < '0' || first > '9') {
		return Text, ""
	}
	switch {
	case intWord.MatchString(word):
		return Int, ""
	case numberWord.MatchString(word):
		return Number, ""
	case hexWord.MatchString(word):
		return Hex, ""
	case dateWord.MatchString(word):
		return Date, "YAML reads it as a date"
	case dateLike.MatchString(word):
		if _, err := time.Parse(time.RFC3339Nano, word); err == nil {
			return Time, ""
		}
		return Text, "YAML may read it as a time"
	case sexagesimal.MatchString(word):
		return Text, "YAML 1.1 reads it as a number of base 60"
	case octalWord.MatchString(word):
		return Text, "YAML reads it as an octal number"
	case leadingZero.MatchString(word):
		return Text, "some YAML readers take it for a number and drop the leading zero"
	case binaryWord.MatchString(word):
		return Text, "YAML reads it as a binary number"
	case signedHex.MatchString(word):
		return Text, "YAML reads it as a number"
	case underscored.MatchString(word):
		return Text, "YAML drops the underscores and reads it as a number"
	case exponentWord.MatchString(word), signedWord.MatchString(word), bareDot.MatchString(word):
		return Text, "YAML reads it as a number and writes it differently"
	case infinity.MatchString(word):
		return Text, "YAML reads it as a number that is none"
	}
	return Text, ""
}
