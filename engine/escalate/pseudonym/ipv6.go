package pseudonym

import (
	"net/netip"
	"strings"
)

// maxIPv6 is the longest that an IPv6 address is in text.
const maxIPv6 = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// locateIPv6 finds IPv6 addresses. Names of functions (Cab::Add), times (12:00:01) and records of servicing
// (@2023/5/17:15:25:12) are none: an address that leaves out zeros is one only in the ranges that are in use.
func locateIPv6(s string) []area {
	var found []area
	for i := 0; i < len(s); {
		if !hex(s[i]) && s[i] != ':' {
			i++
			continue
		}
		from, colons := i, 0
		for i < len(s) && (hex(s[i]) || s[i] == ':' || s[i] == '.') {
			if s[i] == ':' {
				colons++
			}
			i++
		}
		if colons < 2 || i < len(s) && (letter(s[i]) || s[i] == '_') {
			continue
		}
		if a, ok := addressIn(s, area{from, i}); ok {
			found = append(found, a)
		}
	}
	return found
}

// addressIn finds the address in a run of its signs, which may begin with the end of a word, "Interface:fe80::1", and
// end with the sentence.
func addressIn(s string, a area) (area, bool) {
	a.to = a.from + len(strings.TrimRight(a.of(s), "."))
	if t := a.of(s); strings.HasSuffix(t, ":") && !strings.HasSuffix(t, "::") {
		a.to--
	}
	if a.from > 0 && (alnum(s[a.from-1]) || s[a.from-1] == '_') && !escaped(s, a.from) {
		i := strings.IndexByte(a.of(s), ':')
		if i < 0 || strings.HasPrefix(a.of(s)[i:], "::") { // the scope of a name
			return a, false
		}
		a.from += i + 1
	} else if t := a.of(s); strings.HasPrefix(t, ":") && !strings.HasPrefix(t, "::") {
		a.from++
	}
	if isIPv6(a.of(s)) {
		return a, true
	}
	i := strings.IndexByte(a.of(s), '.')
	if i < 0 {
		return a, false
	}
	a.to = a.from + i
	return a, isIPv6(a.of(s))
}

// used are the ranges that addresses are from; documentation is in the first.
var used = []netip.Prefix{
	netip.MustParsePrefix("2000::/3"), netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
	netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("ff00::/8"), netip.MustParsePrefix("64:ff9b::/96"),
}

// sameEverywhere are addresses and prefixes that tell of no machine.
var sameEverywhere = set(`:: ::1 fe80:: ff02::1 ff02::2 ff02::c ff02::16 ff02::fb ff02::1:2 ff02::1:3 ff05::2 ff05::1:3`)

// isIPv6 says whether a text is an address that is not the same on every machine.
func isIPv6(t string) bool {
	if len(t) > maxIPv6 || !strings.ContainsAny(t, "0123456789") {
		return false
	}
	at, err := netip.ParseAddr(t)
	if err != nil || !at.Is6() || sameEverywhere[at.String()] {
		return false
	}
	if at.Is4In6() || !strings.Contains(t, "::") {
		return true
	}
	for _, p := range used {
		if p.Contains(at) {
			return true
		}
	}
	return false
}
