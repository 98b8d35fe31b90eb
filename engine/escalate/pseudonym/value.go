package pseudonym

import "strings"

// field makes spans for the value of a field: of what stands in it that is a name for its place alone. A value with a
// pseudonym in it has been seen to.
func (b *Book) field(f field, s string, a area) []span {
	value := a.of(s)
	if f == noField || len(b.own(value)) > 0 || strings.Contains(value, redacted) {
		return nil
	}
	switch f {
	case userField, authorField:
		if acc, ok := splitAccount(value); ok {
			if authorities[fold(acc.domain)] {
				return nil
			}
			domain := area{a.from, a.from + len(acc.domain)}
			user := area{domain.to + len(acc.by), a.to}
			if hollow[fold(acc.domain)] {
				return b.user(s, user)
			}
			return append(b.domain(s, domain), b.user(s, user)...)
		}
		if f == authorField && strings.ContainsAny(value, " $") || !plainUser(value) {
			return nil
		}
		a.to = a.from + len(strings.TrimSuffix(value, "$"))
		return b.user(s, a)
	case machineField, domainField:
		var spans []span
		for _, host := range hostsIn(value) {
			host = area{a.from + host.from, a.from + host.to}
			if f == domainField {
				spans = append(spans, b.domain(s, host)...)
			} else {
				spans = append(spans, b.host(s, host)...)
			}
		}
		return spans
	case secretField:
		if value == "" || isToken(value) || strings.Trim(value, "*") == "" {
			return nil
		}
		return []span{b.put(a, Secret, value)}
	}
	return nil
}

// user makes a span for the name of a user, which may be an everyday word.
func (b *Book) user(s string, a area) []span {
	folded := fold(a.of(s))
	if folded == "" || builtin[folded] || isToken(folded) {
		return nil
	}
	return []span{b.put(a, User, folded)}
}

// domain makes a span for the name of a domain, or of the machine that stands in its place.
func (b *Book) domain(s string, a area) []span {
	folded := fold(a.of(s))
	if n, ok := b.names[folded]; ok && n.kind == Machine && strings.Contains(folded, ".") {
		return b.host(s, a)
	}
	if folded == "" || builtin[folded] || authorities[folded] || hollow[folded] || publicHost(folded) || tokens(folded) {
		return nil
	}
	return []span{b.put(a, Domain, folded)}
}

// host makes a span for the name of a machine, with its domain where it has one: "machine-1.domain-1".
func (b *Book) host(s string, a area) []span {
	h := fold(a.of(s))
	if isAddress(h) {
		if loopback[h] {
			return nil
		}
		return []span{b.put(a, IPv4, h)}
	}
	if !validHost(h) || publicHost(h) || builtin[h] || tokens(h) {
		return nil
	}
	first, rest, qualified := strings.Cut(h, ".")
	switch {
	case !qualified:
		return []span{b.put(a, Machine, h)}
	case b.names[h].kind == Domain, bareDomain(h) && !b.machine(first):
		return []span{b.put(a, Domain, h)}
	}
	return []span{{a, func() string { return b.part(Machine, first) + "." + b.part(Domain, rest) }}}
}

// machine says whether a folded name is known to be a machine's.
func (b *Book) machine(folded string) bool {
	n, ok := b.names[folded]
	return ok && n.kind == Machine
}

// part gives the pseudonym of a part of a host's name, which may be one already.
func (b *Book) part(k Kind, folded string) string {
	if tokens(folded) {
		return folded
	}
	return b.token(k, folded)
}
