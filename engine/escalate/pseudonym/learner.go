package pseudonym

import (
	"path"
	"slices"
	"strings"
)

// Learner finds the names in contents, before a [Book] replaces them. Give it all the contents first.
type Learner struct {
	names map[string]name // by folded name
	// candidates are accounts by their form, of domains that may be learnt later: folded domain → folded users.
	candidates map[[2]string]bool
	tables     [kinds]*table
	full       bool
}

// NewLearner begins with names that are known to be private. A name that is too short or too common to be looked for in
// texts is replaced only where its place shows that it is one.
func NewLearner(users, machines, domains []string) *Learner {
	l := &Learner{names: map[string]name{}, candidates: map[[2]string]bool{}}
	for k := range l.tables {
		l.tables[k] = newTable()
	}
	for _, known := range []struct {
		names []string
		field field
		kind  Kind
	}{{users, userField, User}, {machines, machineField, Machine}, {domains, domainField, Domain}} {
		for _, value := range known.names {
			value = strings.TrimSpace(value)
			l.value(known.field, value)
			l.add(value, known.kind) // also where it is not what such a name should be
		}
	}
	return l
}

// Text learns from a text.
func (l *Learner) Text(s string) {
	blocks(s, func(block string) {
		l.reserve(block)
		for _, a := range locateProfiles(block) {
			l.profile(a.of(block))
		}
		for _, u := range locateURLs(block) {
			l.host(u.host.of(block), false)
		}
		for _, a := range locateServers(block) {
			l.host(a.of(block), true)
		}
		for _, a := range locateQualified(block) {
			l.host(a.of(block), true)
		}
		for _, a := range locateGenerated(block) {
			l.host(block[a.from:qualifiedEnd(block, a.to)], true)
		}
		for _, a := range locateLabels(block) {
			if a.sure {
				l.value(fieldOf(a.label, ""), a.of(block))
			}
		}
		for _, a := range locateAccounts(block) {
			l.candidate(a.domain.of(block), a.user.of(block))
		}
		if key, value, ok := assignment(block); ok {
			l.value(fieldOf(key, ""), value)
		}
	})
}

// JSON learns from the texts of a JSON document, and from the fields that they stand in. What is no JSON is an error.
func (l *Learner) JSON(data []byte) error {
	return walk(nil, data, false, func(at place, text string) string {
		if isTime(text) {
			return text
		}
		if !at.isKey {
			l.value(fieldOf(at.key, at.parent), text)
		}
		l.Text(text)
		return text
	})
}

// assignment reads a text that is one line "Key = value", as evidence of the registry is.
func assignment(s string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(s, " = ")
	if !ok || len(key) > 64 || value == "" || strings.ContainsAny(value, "\r\n") {
		return "", "", false
	}
	for _, c := range []byte(key) {
		if !alnum(c) && c != '_' && c != ' ' {
			return "", "", false
		}
	}
	return key, value, true
}

// value learns from the value of a field.
func (l *Learner) value(f field, value string) {
	switch f {
	case userField, authorField:
		if a, ok := splitAccount(value); ok {
			if authorities[fold(a.domain)] {
				return
			}
			if !hollow[fold(a.domain)] {
				l.add(a.domain, Domain)
			}
			l.add(a.user, User)
		} else if f == userField && plainUser(value) {
			l.add(strings.TrimSuffix(value, "$"), User)
		} else if local, domain, ok := strings.Cut(value, "@"); ok && mailDomain(domain) && plainUser(local) {
			l.add(local, User)
		}
	case machineField:
		for _, a := range hostsIn(value) {
			l.host(a.of(value), true)
		}
	case domainField:
		for _, a := range hostsIn(value) {
			first, _, _ := strings.Cut(a.of(value), ".")
			l.add(a.of(value), Domain)
			l.add(first, Domain) // what it is called before a backslash
		}
	case targetField:
		base := path.Base(strings.TrimRight(strings.ReplaceAll(value, `\`, "/"), "/"))
		if base = strings.TrimSuffix(base, ".json"); validHost(base) {
			l.host(base, true)
		}
	}
}

// profile learns the name of a profile folder. Windows adds the domain or a number where the name is taken: the name
// before it is one too.
func (l *Learner) profile(folder string) {
	l.add(folder, User)
	base, suffix, ok := strings.Cut(folder, ".")
	if !ok {
		return
	}
	if suffix, ok := strings.CutSuffix(suffix, ".000"); ok || len(suffix) == 3 && strings.Trim(suffix, "0123456789") == "" {
		l.add(base, User)
	}
	l.candidate(strings.TrimRight(suffix, ".0123456789"), base)
}

// host learns the name of a machine, and its domain. label says that its first part is a name of its own: of the address
// of a public server it is not ("ocsp", "cdn").
func (l *Learner) host(h string, label bool) {
	h = strings.Trim(fold(h), ".")
	if !validHost(h) || publicHost(h) || builtin[h] || tokens(h) {
		return
	}
	first, rest, qualified := strings.Cut(h, ".")
	if !qualified {
		l.add(h, Machine)
		return
	}
	if bareDomain(h) {
		l.add(h, Domain)
		return
	}
	l.add(h, Machine)
	l.add(rest, Domain)
	if label || privateSuffixes[rest[strings.LastIndexByte(rest, '.')+1:]] {
		l.add(first, Machine)
	}
}

// bareDomain says whether a name has two parts, as domains have: contoso.com.
func bareDomain(h string) bool { return strings.Count(h, ".") == 1 }

// tokens says whether a name is made of pseudonyms only.
func tokens(h string) bool {
	for _, label := range strings.Split(h, ".") {
		if !isToken(label) {
			return false
		}
	}
	return true
}

// add learns a name, and what it is without signs round it. What it was first learnt as, it stays.
func (l *Learner) add(s string, k Kind) {
	folded := fold(s)
	if inner := strings.TrimFunc(folded, func(r rune) bool { return !wordRune(r) }); inner != folded {
		l.add(inner, k)
	}
	if folded == "" || builtin[folded] || tokens(folded) || authorities[folded] || hollow[folded] {
		return
	}
	if _, ok := l.names[folded]; ok {
		return
	}
	if len(l.names) >= MaxNames {
		l.full = true
		return
	}
	l.names[strings.Clone(folded)] = name{k, distinctive(folded)}
}

func (l *Learner) candidate(domain, user string) {
	if len(l.candidates) >= MaxNames || user == "" || len(user) > maxLetters || !plainUser(user) {
		return
	}
	l.candidates[[2]string{strings.Clone(fold(domain)), strings.Clone(fold(user))}] = true
}

// reserve keeps the pseudonyms that stand in a text already, in any case, from being given to another name.
func (l *Learner) reserve(s string) {
	for at := 0; ; at++ {
		i := strings.IndexByte(s[at:], '-')
		if i < 0 {
			return
		}
		at += i
		to := at + 1
		for to < len(s) && to-at < 9 && digit(s[to]) {
			to++
		}
		if to == at+1 {
			continue
		}
		for _, prefix := range prefixes {
			if at >= len(prefix) && strings.EqualFold(s[at-len(prefix):at], prefix) {
				if t, ok := parseToken(prefix + s[at:to]); ok {
					l.tables[t.kind].reserved[t.number] = true
				}
			}
		}
	}
}

// settle learns from the candidates: the domain of an account whose user is known, then the users of known domains.
func (l *Learner) settle() {
	var domains, users []string
	for c := range l.candidates {
		if n, ok := l.names[c[1]]; ok && n.kind == User && n.everywhere && !common[c[0]] {
			domains = append(domains, c[0])
		}
	}
	slices.Sort(domains) // the first of them are kept where there are too many
	for _, domain := range domains {
		l.add(domain, Domain)
	}
	for c := range l.candidates {
		if n, ok := l.names[c[0]]; (ok && n.kind != User || hollow[c[0]]) && len(c[0]) > 1 {
			users = append(users, c[1])
		}
	}
	slices.Sort(users)
	for _, user := range users {
		l.add(user, User)
	}
}

// Book makes the book of what was learnt. The learner is of no use after that.
func (l *Learner) Book() *Book {
	l.settle()
	b := &Book{names: l.names, tree: newTree(), tables: l.tables, accounts: newTable(), sidsSeen: map[string]bool{},
		hidden: map[string]bool{}, full: l.full}
	for rid := firstKnownRID; rid <= lastKnownRID; rid++ {
		b.accounts.reserved[rid] = true
	}
	for folded, n := range l.names {
		if n.everywhere {
			b.tree.add(folded)
		}
	}
	return b
}
