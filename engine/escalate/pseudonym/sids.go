package pseudonym

import (
	"strconv"
	"strings"
)

// sidArea is a SID that tells of a machine, a domain, a person or a virtual machine.
type sidArea struct {
	area
	prefix    string // what is left of it: "S-1-5-21-"
	authority string // the numbers of the machine or domain
	rid       string // the number of the account in it; empty for the machine itself
}

// locateSIDs finds the SIDs that are not the same on every Windows: those of accounts of a machine or a domain
// (S-1-5-21), of the cloud directory (S-1-12-1), of virtual machines (S-1-5-83-1).
func locateSIDs(s string) []sidArea {
	var found []sidArea
	for from := 0; ; {
		i := strings.Index(s[from:], "-1-")
		if i < 1 {
			if i < 0 {
				return found
			}
			from++
			continue
		}
		i += from - 1 // of the S
		from = i + 3
		if s[i]|0x20 != 's' {
			continue
		}
		sid, end := parseSID(s, i)
		if end > from {
			from = end - 1
		}
		if sid.prefix != "" {
			found = append(found, sid)
		}
	}
}

// parseSID reads a SID at i. Its prefix is empty when it is none, or tells of nobody.
func parseSID(s string, i int) (sid sidArea, end int) {
	end = i + len("S-1")
	numbers := end + 1
	for end+1 < len(s) && s[end] == '-' && digit(s[end+1]) {
		end++
		for end < len(s) && digit(s[end]) {
			end++
		}
	}
	if end < numbers {
		return sidArea{}, end
	}
	rest := s[numbers:end]
	for _, private := range []string{"5-21-", "12-1-", "5-83-1-"} {
		body, ok := strings.CutPrefix(rest, private)
		if !ok {
			continue
		}
		if strings.HasPrefix(body, "0-0-0-") { // claims that Windows itself makes
			return sidArea{}, end
		}
		sid = sidArea{area{i, end}, "S-1-" + private, body, ""}
		if private == "5-21-" {
			sid.authority, sid.rid = cutAuthority(body)
		}
		return sid, end
	}
	return sidArea{}, end
}

// cutAuthority divides the numbers of an account's SID into the three of its machine or domain, and the account's.
func cutAuthority(body string) (authority, rid string) {
	at := 0
	for range 3 {
		i := strings.IndexByte(body[at:], '-')
		if i < 0 {
			return body, ""
		}
		at += i + 1
	}
	return body[:at-1], body[at:]
}

// Numbers of accounts and groups that are the same on every machine and in every domain: 500 is the administrator, 513
// are the users of a domain.
const (
	firstKnownRID = 498
	lastKnownRID  = 599
)

// knownRID says whether the number of an account is one of those.
func knownRID(rid string) bool {
	n, err := strconv.Atoi(rid)
	return err == nil && n >= firstKnownRID && n <= lastKnownRID
}
