package pseudonym

import (
	"strings"
	"unicode"
)

// publicHosts are machines that everybody's updates come from, and what the schemas and manuals of Windows name. They
// and all below them stay. Hosts of customers are below other names: windows.net, onmicrosoft.com, sharepoint.com.
var publicHosts = []string{"microsoft.com", "windowsupdate.com", "windows.com", "msftncsi.com", "msftconnecttest.com",
	"aka.ms", "w3.org", "xmlsoap.org", "localhost"}

// privateSuffixes end names that no public DNS has: what is below them is a machine or a domain of somebody's own.
var privateSuffixes = set(`local lan corp internal intranet localdomain`)

// publicHost says whether the name of a machine is one that stays.
func publicHost(folded string) bool {
	for _, p := range publicHosts {
		if folded == p || strings.HasSuffix(folded, "."+p) {
			return true
		}
	}
	return false
}

// validHost says whether a text can be the name of a machine, with or without its domain, and is no address.
func validHost(h string) bool {
	if h == "" || len(h) > maxHost || isAddress(h) || !strings.ContainsFunc(h, unicode.IsLetter) {
		return false
	}
	for _, r := range h {
		if !hostRune(r) {
			return false
		}
	}
	for _, label := range strings.Split(h, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' {
			return false
		}
	}
	return true
}

// isAddress says whether a text is an IPv4 address. Its numbers may have leading zeros.
func isAddress(h string) bool {
	parts := strings.Split(h, ".")
	if len(parts) != 4 {
		return false
	}
	for _, p := range parts {
		if p == "" || strings.ContainsFunc(p, func(r rune) bool { return r < '0' || r > '9' }) || !octet(p) {
			return false
		}
	}
	return true
}

// urlArea is the part of an address in the web that tells of somebody.
type urlArea struct {
	whole   area // what stands between :// and the path
	account area // name and password before the @
	host    area
}

// locateURLs finds the hosts, and the accounts before them, in addresses in the web and of other services.
func locateURLs(s string) []urlArea {
	var found []urlArea
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return found
		}
		at += i + len("://")
		if inside(s, at-len("://")) {
			continue
		}
		end := at
		for end < len(s) && end-at < 2*maxHost && strings.IndexByte("/\\?#\"'<>`(){}[]|,; \t\r\n", s[end]) < 0 {
			end++
		}
		u := urlArea{host: area{at, at}}
		if i := strings.LastIndexByte(s[at:end], '@'); i >= 0 {
			u.account = area{at, at + i}
			u.host.from = at + i + 1
		}
		if strings.HasPrefix(s[u.host.from:], "*.") {
			u.host.from += len("*.")
		}
		u.host.to = hostEnd(s, u.host.from)
		if !validHost(u.host.of(s)) && !isAddress(u.host.of(s)) {
			u.host.to = u.host.from
		}
		u.whole = area{at, end}
		if u.host.to > u.host.from || u.account.to > u.account.from {
			found = append(found, u)
		}
	}
}

// inside says whether a scheme that ends before a place names something within the machine: a resource of a program.
func inside(s string, to int) bool {
	from := to
	for from > 0 && to-from < 32 && (alnum(s[from-1]) || s[from-1] == '-') {
		from--
	}
	scheme := strings.ToLower(s[from:to])
	return strings.HasPrefix(scheme, "ms-") || scheme == "hcp" || scheme == "res" || scheme == "mk"
}

// locateServers finds the servers of shared folders: \\server\share, also where the text stands quoted in another and
// its backslashes are doubled, and \\?\UNC\server\share. A \\server without a share is one where it begins a word.
func locateServers(s string) []area {
	var found []area
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			i++
			continue
		}
		start, n := i, run(s, i, '\\')
		i += n
		if n%2 == 1 || n > 16 || start > 0 && !opens(s, start) {
			if hasFold(s[i:], "unc\\") && start > 0 && strings.IndexByte("?.", s[start-1]) >= 0 {
				a := area{from: i + len("unc") + run(s, i+len("unc"), '\\')}
				a.to = hostEnd(s, a.from)
				if server(a.of(s)) {
					found = append(found, a)
					i = a.to
				}
			}
			continue
		}
		a := area{i, hostEnd(s, i)}
		if !server(a.of(s)) {
			continue
		}
		after := run(s, a.to, '\\')
		if strings.HasPrefix(s[a.to:], "@") && after == 0 { // \\server@SSL\DavWWWRoot
			after = n / 2
		}
		alone := after == 0 && n == 2 && len(a.of(s)) >= minLetters && (start == 0 || blank(s[start-1]) || s[start-1] == '=') &&
			bounded(s, a.to)
		if after == n/2 || alone {
			found = append(found, a)
			i = a.to
		}
	}
	return found
}

// opens says whether a path can begin at a place: behind a blank, a quote, a bracket or a sign that sets apart, and not
// behind a drive's colon or another part of a path.
func opens(s string, i int) bool {
	c := s[i-1]
	if c == ':' {
		return i >= 3 && letter(s[i-2]) && letter(s[i-3])
	}
	return blank(c) || strings.IndexByte("\"'`([{<=,;|>", c) >= 0
}

func server(h string) bool { return validHost(h) || isAddress(h) }

// generated are the beginnings of names that Windows gives to machines, with the number of signs that follow.
var generated = map[string]int{"win": 11, "desktop": 7, "laptop": 8, "minint": 7}

// locateGenerated finds machines with a name that Windows has made: DESKTOP-2KGM189.
func locateGenerated(s string) []area {
	var found []area
	for at, free := 0, 0; ; at++ {
		i := strings.IndexByte(s[at:], '-')
		if i < 0 {
			return found
		}
		at += i
		word := wordBefore(s, at)
		n := generated[fold(word)]
		a := area{at - len(word), at + 1 + n}
		if n == 0 || a.from < free || a.to > len(s) || !bounded(s, a.from) || !bounded(s, a.to) {
			continue
		}
		upper, digits := true, false
		for _, c := range []byte(s[at+1 : a.to]) {
			if !alnum(c) {
				upper, digits = false, false
				break
			}
			upper = upper && !('a' <= c && c <= 'z')
			digits = digits || digit(c)
		}
		if digits || upper {
			found = append(found, a)
			free = a.to
		}
	}
}

// locateQualified finds names of machines with a domain that is nobody's but theirs: server.contoso.local. Names of
// programs that end in .Local are none.
func locateQualified(s string) []area {
	var found []area
	for at, free := 0, 0; ; at++ {
		i := strings.IndexByte(s[at:], '.')
		if i < 0 {
			return found
		}
		at += i
		to := privateEnd(s, at+1)
		if to < 0 {
			continue
		}
		a := area{max(hostStart(s, at, maxHost), free), to}
		a.from += len(a.of(s)) - len(strings.TrimLeft(a.of(s), ".-"))
		if service := strings.LastIndex(a.of(s), "._"); service >= 0 { // _ldap._tcp.dc._msdcs.contoso.local
			if next := strings.IndexByte(a.of(s)[service+1:], '.'); next >= 0 {
				a.from += service + 1 + next + 1
			}
		}
		h, suffix := a.of(s), s[at+1:to]
		spelt := suffix == strings.ToLower(suffix) || h == strings.ToUpper(h)
		if spelt && bounded(s, a.from) && strings.Contains(h, ".") && validHost(h) {
			found = append(found, a)
			free = to
		}
	}
}

// privateEnd is where a private suffix ends that begins at a place and that nothing of a name follows; -1 where there is
// none.
func privateEnd(s string, from int) int {
	for suffix := range privateSuffixes {
		if to := from + len(suffix); hasFold(s[from:], suffix) && hostEnd(s, from) == to && bounded(s, to) {
			return to
		}
	}
	return -1
}

// qualifiedEnd is where the domain ends that follows the name of a machine: two parts or more, which begin with letters
// and do not end the name of a file. Where there is none it is the end of the name.
func qualifiedEnd(s string, end int) int {
	if end >= len(s) || s[end] != '.' {
		return end
	}
	to := hostEnd(s, end+1)
	labels := strings.Split(s[end+1:to], ".")
	if len(labels) < 2 || !validHost(s[end+1:to]) || !mailDomain("x."+labels[len(labels)-1]) || !bounded(s, to) {
		return end
	}
	for _, label := range labels {
		if digit(label[0]) {
			return end
		}
	}
	return to
}
