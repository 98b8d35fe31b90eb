package target

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"unicode"
)

// maxMatches bounds what one pattern may match; links that lead round in a circle can multiply without end.
const maxMatches = 1 << 20

// Glob gives the Windows paths of the files and folders that a pattern matches, in any case, sorted; `*` and `?` do not
// cross a separator, and `*.*` matches every name, as in Windows. A pattern without a match gives no path and no error.
// A folder that cannot be read is an error, beside which the other paths are given. Links that lead out of the disk are
// passed over where a wildcard found them, and are an error where the pattern names them.
func (t *Target) Glob(pattern string) ([]string, error) {
	parts, err := t.split(pattern, true)
	if err != nil {
		return nil, err
	}
	found, wild := []string{"."}, false
	var unread []error
	for _, part := range parts {
		var next []string
		for _, dir := range found {
			names, err := t.matches(dir, part)
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
			case wild && (isEscape(err) || errors.Is(err, syscall.ELOOP)):
			case err != nil:
				unread = append(unread, pathError("open", t.windows(dir), err))
			}
			if len(next)+len(names) > maxMatches {
				return nil, fmt.Errorf("%q: matches more than %d paths", pattern, maxMatches)
			}
			for _, n := range names {
				next = append(next, join(dir, n))
			}
		}
		found, wild = next, wild || hasWildcard(part)
	}
	paths := make([]string, 0, len(found))
	for _, f := range found {
		paths = append(paths, t.windows(f))
	}
	slices.Sort(paths)
	return paths, errors.Join(unread...)
}

func hasWildcard(part string) bool { return strings.ContainsAny(part, "*?") }

// matches lists the names in dir that one part of a pattern matches.
func (t *Target) matches(dir, part string) ([]string, error) {
	if !hasWildcard(part) {
		name, err := t.entry(dir, part)
		if err != nil {
			return nil, err
		}
		return []string{name}, nil
	}
	entries, err := t.tree.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	p := newWildcard(part)
	var names []string
	for _, e := range entries {
		if p.match(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Match says whether a name matches a pattern of `*` and `?` as a whole, in any case; `*.*` matches every name. A
// separator is a character like any other.
func Match(pattern, name string) bool { return newWildcard(pattern).match(name) }

// wildcard is a pattern of * and ?, matched in any case.
type wildcard []rune

func newWildcard(pattern string) wildcard {
	if pattern == "*.*" {
		pattern = "*"
	}
	return wildcard(fold(pattern))
}

// fold makes names of different case equal.
func fold(s string) []rune {
	runes := []rune(s)
	for i, r := range runes {
		runes[i] = unicode.ToLower(unicode.ToUpper(r))
	}
	return runes
}

// match takes time in proportion to the product of both lengths at most: it goes back to the last star only.
func (p wildcard) match(name string) bool {
	n := fold(name)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(n) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
