package pseudonym

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNames bounds the distinct names of a kind that are told apart, and the names that are looked for in all texts.
const MaxNames = 20_000

// Lengths of a name that is looked for in all texts.
const (
	minLetters = 3   // shorter ones would hit ordinary words
	maxLetters = 64  // of a user, in runes
	maxHost    = 253 // of a machine with its domain, in bytes
)

// name is what is known of one private name.
type name struct {
	kind Kind
	// everywhere says that it is looked for in all texts, not only where its place shows that it is a name.
	everywhere bool
}

// fold makes names of different case equal.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(foldRune, s)
		}
	}
	return strings.ToLower(s)
}

func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// forbidden are the signs that no account, machine or profile folder can have in its name.
const forbidden = `"/\[]:;|=,+*?<>`

// nameRune says whether a sign can stand in a name of an account or a profile folder.
func nameRune(r rune) bool {
	return r >= ' ' && r != 0x7F && r != utf8.RuneError && !strings.ContainsRune(forbidden, r)
}

// distinctive says whether a folded name can be looked for in all texts without hitting what is no name.
func distinctive(folded string) bool {
	if len(folded) > maxHost || common[folded] || builtin[folded] || ownFields[folded] || tokens(folded) || strings.HasPrefix(folded, "redacted") ||
		strings.HasPrefix(folded, "0x") || strings.HasPrefix(folded, "s-1-") || endsWithVersionWord(folded) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(folded)
	last, _ := utf8.DecodeLastRuneInString(folded)
	if !wordRune(first) || !wordRune(last) { // where it begins and ends could not be told
		return false
	}
	letters, runes, wide := 0, 0, false
	for _, r := range folded {
		if !nameRune(r) {
			return false
		}
		if unicode.IsLetter(r) {
			letters++
		}
		runes++
		wide = wide || unbounded(r)
	}
	if !strings.Contains(folded, ".") && runes > maxLetters {
		return false
	}
	return letters > 0 && (runes >= minLetters || wide && runes == 2)
}

// wordRune says whether a sign is part of a word, so that a name beside it is not a whole word.
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// unbounded says whether a sign is of a script that puts no blanks between words.
func unbounded(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// bounded says whether a word can begin or end between two places of a text: at i.
func bounded(s string, i int) bool {
	if i <= 0 || i >= len(s) {
		return true
	}
	if a, b := s[i-1], s[i]; a < utf8.RuneSelf && b < utf8.RuneSelf {
		return !alnum(a) || !alnum(b)
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i:])
	return !wordRune(before) || !wordRune(after) || unbounded(before) || unbounded(after)
}

// tree finds the longest of many folded names at a place of a text. Its edges are in one map, so that a great many names
// take little room.
type tree struct {
	next  map[edge]int32
	ends  map[int32]string // folded name that ends at a node
	first [utf8.RuneSelf]bool
	count int32
}

type edge struct {
	from int32
	by   rune
}

func newTree() *tree { return &tree{next: map[edge]int32{}, ends: map[int32]string{}} }

func (t *tree) add(folded string) {
	var at int32
	for i, r := range folded {
		if i == 0 && r < utf8.RuneSelf {
			t.first[r] = true
		}
		to, ok := t.next[edge{at, r}]
		if !ok {
			t.count++
			to = t.count
			t.next[edge{at, r}] = to
		}
		at = to
	}
	t.ends[at] = folded
}

// longest gives the longest name that stands as a whole word at i, where a word begins, and where it ends.
func (t *tree) longest(s string, i int) (folded string, end int) {
	var at int32
	for j := i; j < len(s); {
		r, size := utf8.DecodeRuneInString(s[j:])
		to, ok := t.next[edge{at, foldRune(r)}]
		if !ok {
			break
		}
		at = to
		j += size
		if found, ok := t.ends[at]; ok && bounded(s, j) {
			folded, end = found, j
		}
	}
	return folded, end
}
