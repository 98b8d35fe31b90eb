package escalate

import (
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/engine/escalate/pseudonym"
)

// Summary is what was redacted in a bundle, and what was not.
type Summary struct {
	Plain    bool     `json:"plain,omitempty"` // nothing was redacted
	Redacted []Count  `json:"redacted"`        // kinds of which nothing was found are left out
	Kept     []string `json:"not_redacted"`    // what stays, and what cannot be found by rule; a sentence each
	Files    []string `json:"files"`           // in the bundle, in their order, the README first
}

// Count is how much of one kind was redacted.
type Count struct {
	Kind   string `json:"kind"`   // "user names"
	Names  int    `json:"names"`  // distinct ones
	Places int    `json:"places"` // where they stood
}

// String is the count in words: "user names: 2, in 14 places".
func (c Count) String() string {
	places := fmt.Sprintf("in %d places", c.Places)
	if c.Places == 1 {
		places = "in 1 place"
	}
	return fmt.Sprintf("%s: %d, %s", c.Kind, c.Names, places)
}

// Text tells in a few lines what was redacted, for the person who is about to hand the bundle on.
func (s Summary) Text() string {
	var b strings.Builder
	switch {
	case s.Plain:
		b.WriteString("  Nothing in it is redacted: it has the names of people and machines, and addresses.\n")
	case len(s.Redacted) == 0:
		b.WriteString("  Nothing was found to redact.\n")
	default:
		b.WriteString("  Redacted:\n")
		for _, c := range s.Redacted {
			fmt.Fprintf(&b, "    %s\n", c)
		}
	}
	b.WriteString("  Look through it before you hand it on: README.txt says what is not redacted.\n")
	return b.String()
}

// summarise tells what was redacted and what was not, when all is written.
func summarise(c Contents, h hider, members []member) Summary {
	s := Summary{Plain: h.book == nil, Redacted: []Count{}, Kept: []string{}, Files: []string{"README.txt"}}
	for _, m := range members {
		s.Files = append(s.Files, m.name)
	}
	if h.book == nil {
		s.Kept = append(s.Kept, "Everything: this bundle was asked for without redaction.")
		return s
	}
	for _, n := range h.book.Counts() {
		s.Redacted = append(s.Redacted, Count{n.Kind.String(), n.Names, n.Places})
	}
	if len(c.Playbook) > 0 {
		s.Kept = append(s.Kept, playbookKept(c, h))
	}
	if n := h.book.Hidden(); n > 0 {
		s.Kept = append(s.Kept, fmt.Sprintf("%d of the names, where they stand in free text: they are everyday words (such as "+
			"admin), or too short, so they were redacted only in paths, accounts, addresses and fields that hold a name.", n))
	}
	if h.book.Full() {
		s.Kept = append(s.Kept, fmt.Sprintf("Names beyond the first %d, where they stand in free text: there were too many to look for.", pseudonym.MaxNames))
	}
	s.Kept = append(s.Kept, kept...)
	if len(c.Journal) > 0 {
		s.Kept = append(s.Kept, "The digests of the journal's records, and the digest that stands for the target: they tell "+
			"which run and which machine this is to those who have the journal.")
	}
	return s
}

// playbookKept says that the playbook is as it was, and whether it names what is redacted elsewhere.
func playbookKept(c Contents, h hider) string {
	if h.book.Holds(string(c.Playbook)) {
		return "playbook.yaml, which NAMES SOMETHING THAT IS REDACTED IN THE OTHER FILES: look at it before you hand this on."
	}
	return "playbook.yaml: playbooks are public. Look at it if it is one of your own."
}

// kept is what is not redacted in any bundle.
var kept = []string{
	"Names of files and folders other than those of user profiles. A document can be named after a person or a project.",
	"Titles of updates and drivers, KB numbers, GUIDs of updates, names of services, tasks, programs and who made them.",
	"Command lines of tasks and services, beyond the forms named above. They can hold names and passwords in any form.",
	"Names of people, machines and companies that nothing shows to be such: neither a path, nor an account, an address, " +
		"a field that holds a name, nor what was known of the target. Also parts of longer words: jdoe2, backupjdoe.",
	"Names that are encoded: in Base64, in hexadecimal, as binary SIDs, with % in addresses; names of directory objects (CN=, OU=).",
	"Well-known accounts and SIDs (SYSTEM, Administrator, S-1-5-18, the 500 at the end of a SID), and the addresses 0.0.0.0, 127.0.0.1 and ::1.",
	"Hosts of Microsoft and of the standards that Windows refers to: microsoft.com, windowsupdate.com, windows.com and what is below them.",
	"Numbers with four parts that are versions by their context, or have a part above 255.",
	"Serial numbers, product keys and GUIDs, hashes of files, times, the time zone, the version, edition and language of Windows.",
	"Codes, and what else the logs say: that is what the bundle is for.",
}
