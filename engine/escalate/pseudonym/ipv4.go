package pseudonym

import (
	"strconv"
	"strings"
)

// locateIPv4 finds addresses of four numbers up to 255. Versions look alike; what is one by its context is left:
//
//   - with more or fewer parts, or a part above 255, as have nearly all builds of Windows;
//   - in the identity of a package, ~~10.0.1.1, of a component, _31bf3856ad364e35_10.0.1.0_, or of an app, _1.0.219.0_x64;
//   - beside a letter, as in v1.2.3.4 or 1.2.3.4beta, and in the name of a program's file, tool-1.2.3.4.msi;
//   - behind a word that says so: version, build, release and the like, also in FileVersion=;
//   - in the title of a driver, "Intel - Net - 12.18.11.1", behind its date in a list, |2019-06-19|4.11.0.0|, or behind
//     its file, oem5.inf:VMware:VMMouse:12.4.0.5:;
//   - with a first part below 10 and three zeros, as have the versions of .NET: no machine has such an address.
//
// Where that leaves a doubt it is an address.
func locateIPv4(s string) []area {
	var found []area
	for i := 0; i < len(s); {
		if !digit(s[i]) {
			i++
			continue
		}
		from := i
		parts, address := 1, true
		for start := i; ; {
			for i < len(s) && digit(s[i]) {
				i++
			}
			address = address && octet(s[start:i])
			if i+1 >= len(s) || s[i] != '.' || !digit(s[i+1]) {
				break
			}
			i++
			start = i
			parts++
		}
		a := area{from, i}
		if t := a.of(s); parts == 4 && address && !loopback[t] && !(len(t) == len("4.0.0.0") && t[1:] == ".0.0.0") && !versionAt(s, a) {
			found = append(found, a)
		}
	}
	return found
}

// loopback are the addresses that are the same everywhere.
var loopback = map[string]bool{"0.0.0.0": true, "127.0.0.1": true}

// octet says whether a number can be a part of an address.
func octet(digits string) bool {
	if len(digits) > 3 {
		return false
	}
	n, err := strconv.Atoi(digits)
	return err == nil && n <= 255
}

// versionAt says whether four numbers are a version, by what stands round them.
func versionAt(s string, a area) bool {
	if a.to < len(s) && (letter(s[a.to]) || s[a.to] == '~') {
		return true
	}
	if a.from == 0 {
		return false
	}
	switch before := s[a.from-1]; {
	case before == '~':
		return true
	case before == '.' && a.from > 1 && (alnum(s[a.from-2]) || s[a.from-2] == '+' || s[a.from-2] == '/'):
		// Of a longer number, or of a word such as a correlation vector, which is in Base64.
		return true
	case letter(before):
		return !escaped(s, a.from)
	case before == '_' || before == '-':
		if inFileName(s, a, before) {
			return true
		}
	}
	return afterVersionWord(s, a.from) || afterDeviceClass(s, a.from) || afterDate(s, a.from) ||
		s[a.from-1] == ':' && strings.Contains(s[max(0, a.from-96):a.from], ".inf:")
}

// programSuffixes end the names of files that carry their version.
var programSuffixes = []string{".exe", ".msi", ".msu", ".msp", ".cab", ".dll", ".sys", ".inf", ".mum", ".cat", ".manifest",
	".appx", ".msix", ".appxbundle", ".msixbundle", ".nupkg", ".esd", ".psf"}

// architectures follow the version in the names of components and apps.
var architectures = []string{"__", "_none", "_neutral", "_x64", "_x86", "_arm", "_amd64", "_wow64", "_scale-", "_split", "_language-"}

// inFileName says whether a number behind _ or - is the version in the name of a package, a component or a program.
func inFileName(s string, a area, before byte) bool {
	rest := s[a.to:]
	for _, suffix := range programSuffixes {
		if hasFold(rest, suffix) && a.from > 1 && alnum(s[a.from-2]) {
			return true
		}
	}
	if before != '_' {
		return false
	}
	if key := strings.TrimRight(s[max(0, a.from-17):a.from], "_"); len(key) == 16 && !strings.ContainsFunc(key, notHex) {
		return true // of the key that a component is signed with
	}
	for _, arch := range architectures {
		if hasFold(rest, arch) {
			return true
		}
	}
	return false
}

func notHex(r rune) bool { return r > 'f' || !hex(byte(r)) }

// afterVersionWord says whether the word before a place tells that a version follows: "version 1.2.3.4", "V=1.2.3.4",
// "Build: 1.2.3.4", "(Version: v1.2.3.4".
func afterVersionWord(s string, at int) bool {
	i, dotted := at, false
	for i > 0 && at-i < 6 && strings.IndexByte(" \t:=(\"'[\\.", s[i-1]) >= 0 {
		i--
		dotted = dotted || s[i] == '.'
	}
	word := fold(wordBefore(s, i))
	if dotted { // the dot of an abbreviation, or the end of a sentence
		return versionMarks[word]
	}
	return i < at && endsWithVersionWord(word)
}

// afterDeviceClass says whether a class of devices, or the date of a driver, stands before a place: "- Net - ".
func afterDeviceClass(s string, at int) bool {
	head, ok := strings.CutSuffix(s[max(0, at-40):at], " - ")
	if !ok {
		return false
	}
	word := fold(wordBefore(head, len(head)))
	if !deviceClasses[word] {
		return false
	}
	before := head[:len(head)-len(word)]
	return strings.HasSuffix(before, "- ") || word == "am" || word == "pm"
}

// afterDate says whether a date stands before a place in a list whose items are divided by |.
func afterDate(s string, at int) bool {
	const size = len("|2019-06-19|")
	if at < size || s[at-1] != '|' || s[at-size] != '|' {
		return false
	}
	for i, c := range []byte(s[at-size+1 : at-1]) {
		if dash := i == 4 || i == 7; dash && c != '-' || !dash && !digit(c) {
			return false
		}
	}
	return true
}
