package pseudonym

import (
	"strings"
	"unicode/utf8"
)

// maxName bounds how many bytes behind a folder of profiles are taken for the name of one.
const maxName = 256

// locateProfiles finds the names of people's profile folders: what follows \Users\ on any drive, device or mounted disk,
// \Documents and Settings\, and /home/ of the machine that looked. Separators may be doubled, as they are where a text
// stands quoted in another.
func locateProfiles(s string) []area {
	var found []area
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' && s[i] != '/' {
			continue
		}
		at := i + 1
		switch {
		case hasFold(s[at:], "users"):
			at += len("users")
		case hasFold(s[at:], "documents and settings"):
			at += len("documents and settings")
		case s[i] == '/' && hasFold(s[at:], "home") && (i == 0 || !alnum(s[i-1]) && strings.IndexByte(`._-/\\~`, s[i-1]) < 0):
			at += len("home")
		default:
			continue
		}
		separators := run(s, at, '\\')
		if separators == 0 {
			separators = run(s, at, '/')
		}
		if separators == 0 || separators > 8 || s[i] == '/' && inURL(s, i) {
			continue
		}
		a := profileName(s, at+separators)
		if n := a.of(s); n == "" || ownProfiles[fold(n)] || !strings.ContainsFunc(n, wordRune) {
			continue
		}
		found = append(found, a)
		i = a.to - 1
	}
	return found
}

// inURL says whether a slash is in the path of an address in the web, where /users/ is no folder of profiles.
func inURL(s string, i int) bool {
	from := max(0, i-256)
	token := s[from:i]
	if blankAt := strings.LastIndexAny(token, " \t\r\n\"'"); blankAt >= 0 {
		token = token[blankAt+1:]
	}
	at := strings.Index(token, "://")
	return at >= 0 && !strings.HasSuffix(strings.ToLower(token[:at]), "file")
}

// profileName is the name of a profile folder that begins at a place. A name can hold blanks: it is taken whole where
// it is closed by a separator, or where the path is all of the text or stands in quotes; else it ends with its first word.
func profileName(s string, from int) area {
	if from >= len(s) || strings.IndexByte("%${", s[from]) >= 0 { // a variable
		return area{from, from}
	}
	to := from
	for to < len(s) && to-from < maxName {
		r, size := utf8.DecodeRuneInString(s[to:])
		if !nameRune(r) {
			break
		}
		to += size
	}
	closed := to < len(s) && (s[to] == '\\' || s[to] == '/')
	whole := area{from, to}
	if strings.IndexByte(whole.of(s), ' ') < 0 {
		if !closed {
			whole.to = from + len(strings.TrimRight(whole.of(s), ".!'’)}"))
		}
		return whole
	}
	quoted := to < len(s) && s[to] == '"' || to == len(s) && pathOnly(s[:from])
	if (closed || quoted) && plainName(whole.of(s)) {
		return whole
	}
	first := strings.IndexByte(whole.of(s), ' ')
	return area{from, from + len(strings.TrimRight(s[from:from+first], ".!'’)}"))}
}

// pathOnly says whether what stands before a profile's name is the beginning of a path and nothing else.
func pathOnly(before string) bool {
	return len(before) < maxName && !strings.ContainsAny(strings.TrimPrefix(strings.ToLower(before), `c:\documents and settings`), " \t\r\n")
}

// plainName says whether words with blanks between them can be one name, and are no part of a sentence.
func plainName(s string) bool {
	words := strings.Split(s, " ")
	if len(words) > 4 {
		return false
	}
	for _, w := range words {
		if w == "" || sentence[strings.ToLower(w)] {
			return false
		}
	}
	return true
}

// sentence are words that stand in sentences and in no name.
var sentence = set(`a an and are as at but by cannot could failed for from had has have in into is it not of on or
that the then to was were which while will with without`)
