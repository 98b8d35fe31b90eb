// Package pseudonym takes private names out of texts and JSON documents and puts pseudonyms in their place: user-1,
// machine-2, ipv4-3. One name has one pseudonym wherever it stands, so that what belongs together can still be told.
//
// It takes two passes over the same contents. A [Learner] finds the names: in the folders of user profiles, in fields
// such as "user" and "computer", in addresses of servers. A [Book] then replaces them wherever they stand as whole
// words, along with all that shows by its form what it is: SIDs, addresses, profile folders.
//
// All of it takes time in proportion to the text, whatever the text is.
package pseudonym

import "strconv"

// Kind is what sort of thing a pseudonym stands for.
type Kind int

// The kinds, in the order in which they are listed.
const (
	User Kind = iota
	Machine
	Domain
	SID
	IPv4
	IPv6
	MAC
	Mail
	Secret
	kinds // how many there are
)

// String names a kind for people, in the plural: "user names".
func (k Kind) String() string {
	return [kinds]string{"user names", "machine names", "domain names", "SIDs", "IPv4 addresses", "IPv6 addresses",
		"MAC addresses", "e-mail addresses", "passwords"}[k]
}

// prefixes are what the pseudonyms of each kind begin with; SIDs have a form of their own, see [Book.sid].
var prefixes = [kinds]string{"user", "machine", "domain", "sid", "ipv4", "ipv6", "mac", "email", "secret"}

// maxNumber bounds the numbers of pseudonyms, and with them what a hostile text can make us keep.
const maxNumber = 1_000_000

// token is one pseudonym. Number 0 stands for all that came after the bound on numbers.
type token struct {
	kind   Kind
	number int
}

// String is the pseudonym as it stands in a text: "user-1".
func (t token) String() string { return prefixes[t.kind] + "-" + strconv.Itoa(t.number) }

// parseToken reads a pseudonym. A text that is more than a pseudonym is none.
func parseToken(s string) (token, bool) {
	for k, prefix := range prefixes {
		if len(s) < len(prefix)+2 || s[:len(prefix)] != prefix || s[len(prefix)] != '-' {
			continue
		}
		digits := s[len(prefix)+1:]
		if len(digits) > len("1000000") || digits[0] == '0' && len(digits) > 1 {
			return token{}, false
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		return token{Kind(k), int(n)}, err == nil && n <= maxNumber
	}
	return token{}, false
}

// isToken says whether a text is a pseudonym already.
func isToken(s string) bool {
	_, ok := parseToken(s)
	return ok
}

// table numbers the names of one kind, in the order in which they are first asked for.
type table struct {
	numbers map[string]int
	last    int
	// reserved are numbers that stand in the contents already, as part of a name that looks like a pseudonym or because
	// the contents have been redacted before. They are not given to another name.
	reserved map[int]bool
}

func newTable() *table { return &table{numbers: map[string]int{}, reserved: map[int]bool{}} }

// number gives the number of a name, the same each time; 0 when there are too many.
func (t *table) number(name string) int {
	if n, ok := t.numbers[name]; ok {
		return n
	}
	if t.last >= maxNumber || len(t.numbers) >= MaxNames {
		return 0
	}
	t.last++
	for t.reserved[t.last] {
		t.last++
	}
	if t.last > maxNumber {
		return 0
	}
	t.numbers[name] = t.last
	return t.last
}
