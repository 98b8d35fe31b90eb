package diag

import (
	"unicode"
	"unicode/utf8"
)

// longestWord bounds the words that Suggest compares: nobody mistypes a longer one by a letter or two, and the
// comparison is quadratic.
const longestWord = 64

// mostAccepted bounds how many words Suggest compares with, so that a document of nothing but wrong names stays cheap.
const mostAccepted = 1000

// Suggest returns the accepted word that word was probably meant to be, or "" when none is near. Letter case,
// hyphens and underscores weigh nothing; otherwise one edit (insert, delete, replace, swap two neighbours) is
// allowed for each three letters. Of equally near words the first one in the list is taken; only the
// first thousand are looked at.
func Suggest(word string, accepted []string) string {
	if utf8.RuneCountInString(word) > longestWord {
		return ""
	}
	accepted = accepted[:min(len(accepted), mostAccepted)]
	folded := fold(word)
	best, bestDistance := "", max(1, len(folded)/3)+1
	for _, candidate := range accepted {
		if candidate == word || utf8.RuneCountInString(candidate) > longestWord {
			continue
		}
		other := fold(candidate)
		d := distance(folded, other)
		if d < bestDistance && d < max(len(folded), len(other)) {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// fold leaves what tells words apart. It is called for each of many thousand wrong keys.
func fold(word string) []rune {
	folded := make([]rune, 0, len(word))
	for _, r := range word {
		if r != '-' && r != '_' && r != ' ' {
			folded = append(folded, unicode.ToLower(r))
		}
	}
	return folded
}

// distance is the optimal string alignment distance: Levenshtein's with swaps of neighbours.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
