package agent

import (
	"fmt"
	"regexp"
	"strings"
)

var identityForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// ParseID gives the identity of an update as it is written here: lower case, without braces. It takes any case, and
// braces.
func ParseID(text string) (string, error) {
	id := strings.ToLower(text)
	if strings.HasPrefix(id, "{") && strings.HasSuffix(id, "}") {
		id = id[1 : len(id)-1]
	}
	if !identityForm.MatchString(id) {
		return "", fmt.Errorf("%.80q is no identity of an update: expected one such as 12345678-90ab-cdef-1234-567890abcdef", text)
	}
	return id, nil
}

// Exactly are the criteria of one update, whether it is installed or not, hidden or not. They name all four cases, because
// the agent leaves out hidden and installed updates where the criteria say nothing of them.
func Exactly(id string) (string, error) {
	id, err := ParseID(id)
	if err != nil {
		return "", err
	}
	var cases []string
	for _, state := range []string{
		"IsInstalled=0 and IsHidden=0", "IsInstalled=1 and IsHidden=0", "IsInstalled=0 and IsHidden=1", "IsInstalled=1 and IsHidden=1",
	} {
		cases = append(cases, fmt.Sprintf("(UpdateID='%s' and %s)", id, state))
	}
	return strings.Join(cases, " or "), nil
}

// Newest finds the update with an identity; of several revisions the latest.
func Newest(updates []Update, id string) (Update, bool) {
	at := newest(updates, id)
	if at < 0 {
		return Update{}, false
	}
	return updates[at], true
}

// newest is the index of [Newest], or -1.
func newest(updates []Update, id string) int {
	at := -1
	for i, u := range updates {
		if u.ID == id && (at < 0 || u.Revision > updates[at].Revision) {
			at = i
		}
	}
	return at
}
