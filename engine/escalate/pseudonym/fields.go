package pseudonym

import "strings"

// field is what a field of a JSON document holds.
type field int

const (
	noField field = iota
	userField
	authorField // a person, or a company
	machineField
	domainField
	secretField
	targetField // the name of what was looked at: a machine, or the folder of its disk
	versionField
)

// normalise takes signs and case out of the name of a field: user_name, UserName and "User Name" are one.
func normalise(key string) string {
	plain := true
	for i := range len(key) {
		plain = plain && ('a' <= key[i] && key[i] <= 'z')
	}
	if plain {
		return key
	}
	var b strings.Builder
	for i := range len(key) {
		if alnum(key[i]) {
			b.WriteByte(key[i])
		}
	}
	return strings.ToLower(b.String())
}

// The names of fields whose values are names, normalised. Those of [labelSuffixes] come to them.
var (
	userFields = set(`user users account accounts owner owners runas runasuser principal principals usercontext who
lastuser samaccountname upn userprincipalname userid accountid`)
	machineFields = set(`computer computers machine machines host hosts server servers statusserver wuserver wustatusserver
workstation node nodes fqdn proxy proxyserver remotehost clientname computernames address addresses ipaddress bypass
logonserver dnsserver dnsservers domaincontroller servername`)
	domainFields = set(`domain domains workgroup forest realm tenant dnsdomain dhcpdomain nvdomain searchlist dnssuffix`)
	secretFields = set(`password passwd pwd passphrase secret`)
)

// fieldOf says what a field holds by its name; one that is called "name" by the name of what it stands in.
func fieldOf(key, parent string) field {
	k := normalise(key)
	if k == "name" || k == "names" {
		switch p := normalise(parent); {
		case p == "target":
			return targetField
		case userFields[p]:
			return userField
		case machineFields[p]:
			return machineField
		case domainFields[p]:
			return domainField
		}
		return noField
	}
	if f := labelKind(k); f != noField {
		return f
	}
	switch {
	case k == "author":
		return authorField
	case userFields[k]:
		return userField
	case machineFields[k]:
		return machineField
	case domainFields[k]:
		return domainField
	case secretFields[k]:
		return secretField
	case endsWithVersionWord(k):
		return versionField
	}
	return noField
}

// labelKind says what stands behind a label that can mean but one thing, also in a text.
func labelKind(normalised string) field {
	if len(normalised) < len("username") {
		return noField
	}
	for suffix, f := range labelSuffixes {
		if strings.HasSuffix(normalised, suffix) {
			return f
		}
	}
	return noField
}

// labelSuffixes end the labels of names: SubjectUserName, DefaultUserName, NV Hostname.
var labelSuffixes = map[string]field{
	"username": userField, "accountname": userField, "loggedonuser": userField, "registeredowner": userField,
	"registeredorganization": userField,
	"computername":           machineField, "machinename": machineField, "hostname": machineField,
	"workstationname": machineField, "nodename": machineField,
	"domainname": domainField, "userdomain": domainField, "userdnsdomain": domainField,
}

// account is the name of an account in its parts.
type account struct{ domain, by, user string }

// splitAccount divides DOMAIN\user, where the backslash may be doubled.
func splitAccount(value string) (account, bool) {
	i := strings.IndexByte(value, '\\')
	if i < 1 {
		return account{}, false
	}
	n := run(value, i, '\\')
	a := account{value[:i], value[i : i+n], value[i+n:]}
	if n > 2 || !plainUser(a.user) || len(a.domain) > maxDomain {
		return account{}, false
	}
	for _, r := range a.domain {
		if !nameRune(r) {
			return account{}, false
		}
	}
	return a, true
}

// plainUser says whether a text can be the name of a user, in full or as it is typed.
func plainUser(value string) bool {
	if value == "" || len(value) > 4*maxLetters || !strings.ContainsFunc(value, wordRune) || strings.TrimSpace(value) != value {
		return false
	}
	for _, r := range value {
		if !nameRune(r) || r == '@' || r == '%' {
			return false
		}
	}
	return !hasFold(value, "s-1-") && !isAddress(value) && plainName(value)
}

// hostsIn finds the machines in the value of a field: one name, with or without a port, or a list of names with nothing
// else between them.
func hostsIn(value string) []area {
	if strings.Contains(value, "://") || len(value) > 64<<10 {
		return nil
	}
	var found []area
	for from := 0; from <= len(value); {
		to := from
		for to < len(value) && strings.IndexByte(";,=", value[to]) < 0 {
			to++
		}
		a, ok := hostItem(value, area{from, to})
		if !ok {
			return nil
		}
		if a.to > a.from {
			found = append(found, a)
		}
		from = to + 1
	}
	return found
}

// hostItem reads one item of a list of machines. An item that is there and is not to be replaced gives an empty area.
func hostItem(value string, a area) (area, bool) {
	t := strings.TrimSpace(a.of(value))
	from := a.from + strings.Index(a.of(value), t)
	none := area{from, from}
	switch {
	case t == "" || t == "<local>" || isAddress(t) || a.to < len(value) && value[a.to] == '=': // http=proxy:8080
		return none, true
	case strings.HasPrefix(t, `\\`):
		from, t = from+2, t[2:]
	case strings.HasPrefix(t, "*."):
		from, t = from+2, t[2:]
	}
	if host, port, ok := strings.Cut(t, ":"); ok && port != "" && strings.Trim(port, "0123456789") == "" {
		t = host
	}
	t = strings.TrimSuffix(strings.TrimSuffix(t, "$"), ".")
	if isAddress(t) {
		return none, true
	}
	return area{from, from + len(t)}, validHost(t)
}
