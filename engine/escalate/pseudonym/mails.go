package pseudonym

import (
	"strings"
	"unicode/utf8"
)

// notDomains end names of files that stand behind an @ in logs: a function of a module, a resource of a library.
var notDomains = set(`dll exe sys log txt cpp cxx hpp etl inf mui ocx cpl drv json xml yaml yml gz zip cab evtx dmp csv html
htm tar bak old tmp ps1 bat cmd vbs mum cat manifest msi msu reg`)

// locateMails finds e-mail addresses and names of accounts in the form of one.
func locateMails(s string) []area {
	var found []area
	for at, free := 0, 0; ; at++ {
		i := strings.IndexByte(s[at:], '@')
		if i < 0 {
			return found
		}
		at += i
		from := at
		for from > free {
			r, size := utf8.DecodeLastRuneInString(s[free:from])
			if !hostRune(r) && !strings.ContainsRune("%+'$", r) {
				break
			}
			from -= size
		}
		from = at - len(strings.TrimLeft(s[from:at], ".-%+'"))
		to := hostEnd(s, at+1)
		if from < at && mailDomain(s[at+1:to]) {
			found = append(found, area{from, to})
			free = to
		}
	}
}

// mailDomain says whether what follows the @ is a domain: it ends in letters behind a dot.
func mailDomain(t string) bool {
	i := strings.LastIndexByte(t, '.')
	if i < 1 || len(t)-i < len(".de") || t[0] == '.' || notDomains[fold(t[i+1:])] {
		return false
	}
	for _, c := range []byte(t[i+1:]) {
		if !letter(c) && c < utf8.RuneSelf {
			return false
		}
	}
	return true
}
