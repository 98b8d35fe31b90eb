package schema

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// checkRegexp says what is wrong with a regular expression, and what to write instead where people expect another
// syntax than RE2.
func checkRegexp(s string) error {
	_, err := syntax.Parse(s, syntax.Perl)
	var se *syntax.Error
	switch {
	case err == nil:
		_, err = regexp.Compile(s)
	case errors.As(err, &se):
		switch {
		case se.Code == syntax.ErrMissingRepeatArgument, se.Code == syntax.ErrInvalidRepeatOp:
			err = fmt.Errorf("%s: %s; a literal * + or ? is written with a backslash", se.Code, raw(se.Expr))
		case strings.HasPrefix(se.Expr, "(?=") || strings.HasPrefix(se.Expr, "(?!") || strings.HasPrefix(se.Expr, "(?<=") || strings.HasPrefix(se.Expr, "(?<!"):
			err = fmt.Errorf("%s looks ahead or behind, which RE2 cannot", raw(se.Expr))
		case se.Code == syntax.ErrInvalidEscape && len(se.Expr) == 2 && '1' <= se.Expr[1] && se.Expr[1] <= '9':
			err = fmt.Errorf("%s refers back to a group, which RE2 cannot", raw(se.Expr))
		case se.Code == syntax.ErrTrailingBackslash:
			err = errors.New("it ends in a backslash; a literal one is written twice: `\\\\`")
		case se.Code == syntax.ErrInvalidEscape:
			err = fmt.Errorf("%s: %s; a literal backslash is written twice: `\\\\`", se.Code, raw(se.Expr))
		default:
			err = fmt.Errorf("%s: %s", se.Code, raw(se.Expr))
		}
	}
	if err != nil {
		return fmt.Errorf("%s is not a regular expression of the RE2 syntax: %w", raw(s), err)
	}
	return nil
}

// raw quotes a piece of a regular expression as it is: escaping its backslashes would show another one.
func raw(s string) string { return "`" + shorten(s) + "`" }
