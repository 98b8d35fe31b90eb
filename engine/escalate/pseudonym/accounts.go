package pseudonym

import (
	"strings"
	"unicode/utf8"
)

// accountArea is something that may be an account: DOMAIN\user. Whether it is one depends on whether there is such a
// domain or machine; paths look alike.
type accountArea struct {
	domain area
	user   area
}

// maxDomain bounds what is taken for the domain before a backslash, in bytes.
const maxDomain = 64

// locateAccounts finds what has the form of an account: two names with one backslash between them (or two, where the
// text stands quoted in another), no path before and none behind.
func locateAccounts(s string) []accountArea {
	var found []accountArea
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			i++
			continue
		}
		at, n := i, run(s, i, '\\')
		i += n
		if n > 2 {
			continue
		}
		a := accountArea{area{hostStart(s, at, maxDomain), at}, area{i, i}}
		if a.domain.from == at || a.domain.from > 0 && !opens(s, a.domain.from) {
			continue
		}
		for a.user.to < len(s) && a.user.to-a.user.from < maxName {
			r, size := utf8.DecodeRuneInString(s[a.user.to:])
			if !nameRune(r) || strings.ContainsRune(" ()'`{}@!#%^&", r) {
				break
			}
			a.user.to += size
		}
		closed := a.user.to < len(s) && s[a.user.to] == '\\'
		a.user.to = a.user.from + len(strings.TrimRight(a.user.of(s), ".$"))
		if !closed && a.user.to > a.user.from {
			found = append(found, a)
		}
	}
	return found
}
