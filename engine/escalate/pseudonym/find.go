package pseudonym

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spans finds all that is to be replaced in a text. What is found by a surer sign comes first.
func (b *Book) spans(s string) []span {
	spans := b.own(s)
	for _, find := range []func(string) []span{b.sids, b.secrets, b.profiles, b.urls, b.mails, b.servers, b.ipv6s, b.macs,
		b.ipv4s, b.logons, b.labels, b.machines, b.everywhere} {
		spans = merge(s, spans, find(s))
	}
	return spans
}

// put makes a span of one pseudonym.
func (b *Book) put(a area, k Kind, folded string) span {
	return span{a, func() string { return b.token(k, folded) }}
}

// own finds the pseudonyms that this book has given, so that nothing is made of them or of a part of them. They stand
// only where the book has put them: what looks like one in the contents is reserved.
func (b *Book) own(s string) []span {
	var found []span
	for at := 0; ; at++ {
		i := strings.IndexByte(s[at:], '-')
		if i < 0 {
			return found
		}
		at += i
		to := at + 1
		for to < len(s) && digit(s[to]) && to-at < 9 {
			to++
		}
		if to == at+1 {
			continue
		}
		for k, prefix := range prefixes {
			from := at - len(prefix)
			if from < 0 || s[from:at] != prefix {
				continue
			}
			if t, ok := parseToken(s[from:to]); ok && t.number <= b.tables[k].last && !b.tables[k].reserved[t.number] {
				found = append(found, span{area: area{from, to}})
			}
		}
	}
}

// sids replaces what SIDs tell. Those that have been replaced already stay.
func (b *Book) sids(s string) []span {
	var found []span
	for at := 0; ; {
		i := strings.Index(s[at:], redacted)
		if i < 0 {
			break
		}
		from := at + i
		at = from + len(redacted)
		for at < len(s) && (digit(s[at]) || s[at] == '-' && at+1 < len(s) && digit(s[at+1])) {
			at++
		}
		found = append(found, span{area: area{from, at}})
	}
	var more []span
	for _, sid := range locateSIDs(s) {
		more = append(more, span{sid.area, func() string { return b.sid(sid, sid.of(s)) }})
	}
	return merge(s, found, more)
}

// redacted stands in SIDs for the numbers of a machine or domain.
const redacted = "REDACTED"

// sid numbers the machine or domain in a SID, and the account in it, save for those that are the same everywhere, such
// as 500, the administrator.
func (b *Book) sid(sid sidArea, whole string) string {
	if len(b.sidsSeen) < MaxNames {
		b.sidsSeen[fold(whole)] = true
	}
	b.places[SID]++
	with := sid.prefix + redacted + strconv.Itoa(b.tables[SID].number(sid.prefix+sid.authority))
	switch {
	case sid.rid == "":
		return with
	case knownRID(sid.rid):
		return with + "-" + sid.rid
	}
	return with + "-" + strconv.Itoa(b.accounts.number(sid.authority+"-"+sid.rid))
}

func (b *Book) secrets(s string) []span {
	var found []span
	for _, a := range locateSecrets(s) {
		found = append(found, b.put(a, Secret, a.of(s)))
	}
	return found
}

func (b *Book) profiles(s string) []span {
	var found []span
	for _, a := range locateProfiles(s) {
		if _, end := b.tree.longest(s, a.from); end > a.to {
			a.to = end
		}
		if folded := fold(a.of(s)); !isToken(folded) {
			found = append(found, b.put(a, User, folded))
		}
	}
	return found
}

// urls replaces hosts and accounts in addresses in the web. The password of an account is dropped. An address with a
// pseudonym in it has been seen to.
func (b *Book) urls(s string) []span {
	var found []span
	for _, u := range locateURLs(s) {
		if len(b.own(u.whole.of(s))) > 0 {
			continue
		}
		user, _, _ := strings.Cut(u.account.of(s), ":")
		switch {
		case u.account.from == u.account.to || isToken(user):
		case user == "":
			found = append(found, b.put(u.account, Secret, u.account.of(s)))
		default:
			found = append(found, b.put(u.account, User, fold(user)))
		}
		found = append(found, b.host(s, u.host)...)
	}
	return found
}

func (b *Book) mails(s string) []span {
	var found []span
	for _, a := range locateMails(s) {
		found = append(found, b.put(a, Mail, fold(a.of(s))))
	}
	return found
}

func (b *Book) servers(s string) []span {
	var found []span
	for _, a := range locateServers(s) {
		found = append(found, b.host(s, a)...)
	}
	return found
}

func (b *Book) ipv6s(s string) []span {
	var found []span
	for _, a := range locateIPv6(s) {
		if at, err := netip.ParseAddr(a.of(s)); err == nil {
			found = append(found, b.put(a, IPv6, at.String()))
		}
	}
	return found
}

func (b *Book) macs(s string) []span {
	var found []span
	plain := strings.NewReplacer("-", "", ":", "", ".", "")
	for _, a := range locateMACs(s) {
		found = append(found, b.put(a, MAC, fold(plain.Replace(a.of(s)))))
	}
	return found
}

func (b *Book) ipv4s(s string) []span {
	var found []span
	for _, a := range locateIPv4(s) {
		found = append(found, b.put(a, IPv4, a.of(s)))
	}
	return found
}

// logons replaces accounts in the form DOMAIN\user of domains and machines that are known.
func (b *Book) logons(s string) []span {
	var found []span
	for _, a := range locateAccounts(s) {
		domain := fold(a.domain.of(s))
		n, ok := b.names[domain]
		if ok && n.kind != User {
			found = append(found, b.domain(s, a.domain)...)
		} else if !hollow[domain] || domain == "." {
			continue
		}
		found = append(found, b.user(s, a.user)...)
	}
	return found
}

// labels replaces the values behind labels. A common word that may begin a sentence stays.
func (b *Book) labels(s string) []span {
	var found []span
	for _, a := range locateLabels(s) {
		if a.sure || !common[fold(a.of(s))] {
			found = append(found, b.field(fieldOf(a.label, ""), s, a.area)...)
		}
	}
	slices.SortStableFunc(found, func(a, b span) int { return a.from - b.from })
	return found
}

// machines replaces the names of machines that show by their form what they are.
func (b *Book) machines(s string) []span {
	var found []span
	for _, a := range locateGenerated(s) {
		a.to = qualifiedEnd(s, a.to)
		found = append(found, b.host(s, a)...)
	}
	var qualified []span
	for _, a := range locateQualified(s) {
		qualified = append(qualified, b.host(s, a)...)
	}
	return merge(s, qualified, found)
}

// everywhere replaces the names that are looked for in all texts.
func (b *Book) everywhere(s string) []span {
	var found []span
	free := 0 // where the last one ended
	for i := 0; i < len(s); {
		folded, end := b.nameAt(s, i)
		if folded == "" {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		a := area{i, end}
		n := b.names[folded]
		switch {
		case n.kind == Domain && strings.Contains(folded, ".") && i > free && s[i-1] == '.':
			found = append(found, b.below(s, a, free))
		case n.kind == Machine:
			a.to = qualifiedEnd(s, end)
			if publicHost(fold(a.of(s))) {
				a.to = end
			}
			found = append(found, b.host(s, a)...)
			end = a.to
		default:
			found = append(found, b.put(a, n.kind, folded))
		}
		i, free = end, end
	}
	return found
}

// nameAt gives the name that stands at i as a whole word, and where it ends.
func (b *Book) nameAt(s string, i int) (folded string, end int) {
	if c := s[i]; c < utf8.RuneSelf && !b.tree.first[foldRune(rune(c))] || !bounded(s, i) {
		return "", 0
	}
	return b.tree.longest(s, i)
}

// below makes a span of a domain and of the name of a machine in it that stands before the dot, behind free.
func (b *Book) below(s string, a area, free int) span {
	from := max(hostStart(s, a.from-1, maxDomain), free)
	label := strings.TrimLeft(s[from:a.from-1], ".-_")
	domain := fold(a.of(s))
	if label == "" || tokens(label) || strings.HasPrefix(label[strings.LastIndexByte(label, '.')+1:], "_") {
		return b.put(a, Domain, domain)
	}
	return span{area{a.from - 1 - len(label), a.to}, func() string {
		return b.token(Machine, fold(label)) + "." + b.token(Domain, domain)
	}}
}
