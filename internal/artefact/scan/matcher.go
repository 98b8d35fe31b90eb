// Package scan searches text logs of any size for many regular expressions in one pass.
//
// Memory is constant (about 1.5 MiB a scan). Of each pattern the literals that a match must contain are worked out; the
// blocks of the log are searched for all of them at once, and only lines that have one are split off and matched.
package scan

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Pattern is one thing to look for: Expr in the syntax of RE2, matched against one line without its line end.
type Pattern struct {
	Name string
	Expr string
}

// PatternError says which pattern is not a regular expression, and where.
type PatternError struct {
	Index  int    // into the patterns given to Compile
	Name   string // of the pattern
	Offset int    // byte offset into its expression where the mistake is
	Err    error
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("pattern %q, at offset %d: %v", e.Name, e.Offset, e.Err)
}

func (e *PatternError) Unwrap() error { return e.Err }

// Matcher is a compiled set of patterns. It is safe for use by several goroutines at once.
type Matcher struct {
	patterns  []compiled
	finder    *finder // nil if no pattern has literals
	everyLine bool    // some pattern has none
}

type compiled struct {
	name     string
	re       *regexp.Regexp
	filtered bool // found by the finder
}

// Compile prepares patterns for Scan. An error is a *PatternError.
func Compile(patterns []Pattern) (*Matcher, error) {
	m := &Matcher{}
	var needles []needle
	for i, p := range patterns {
		re, err := regexp.Compile(p.Expr)
		if err != nil {
			return nil, &PatternError{Index: i, Name: p.Name, Offset: offsetOf(err, p.Expr), Err: err}
		}
		tree, err := syntax.Parse(p.Expr, syntax.Perl)
		if err != nil {
			return nil, &PatternError{Index: i, Name: p.Name, Offset: offsetOf(err, p.Expr), Err: err}
		}
		lits := literals(tree)
		for _, l := range lits {
			needles = append(needles, needle{text: l, pattern: i})
		}
		m.patterns = append(m.patterns, compiled{name: p.Name, re: re, filtered: lits != nil})
		m.everyLine = m.everyLine || lits == nil
	}
	if len(needles) > 0 {
		m.finder = newFinder(needles)
	}
	return m, nil
}

func offsetOf(err error, expr string) int {
	var bad *syntax.Error
	if !errors.As(err, &bad) {
		return 0
	}
	switch bad.Code {
	case syntax.ErrMissingParen, syntax.ErrInternalError:
		return len(expr) // the fragment of these is the whole expression
	}
	return max(0, strings.Index(expr, bad.Expr))
}
