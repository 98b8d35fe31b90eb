package escalate

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// columns is how wide the README is.
const columns = 80

// readme is what the README of a bundle tells. Its texts are redacted.
type readme struct {
	run, version, say string
	made              time.Time
	members           []member
	summary           Summary
}

// text writes the README.
func (r readme) text() []byte {
	var b bytes.Buffer
	b.WriteString("Evidence collected by Rectify\n=============================\n\n")
	wrap(&b, "", "What Rectify found on a Windows machine or its disk, and what it did there. It is for somebody who is to help: Microsoft Support, or a colleague.")
	fmt.Fprintf(&b, "\nMade     %s\n", r.made.UTC().Format("2006-01-02 15:04:05 UTC"))
	if r.version != "" {
		fmt.Fprintf(&b, "By       rectify %s\n", oneLine(r.version))
	}
	if r.run != "" {
		fmt.Fprintf(&b, "Run      %s\n", oneLine(r.run))
	} else {
		b.WriteString("Run      none: nothing was changed\n")
	}
	r.files(&b)
	if r.say != "" {
		heading(&b, "What the playbook says to do now")
		for _, line := range strings.Split(strings.TrimSpace(r.say), "\n") {
			wrap(&b, "", line)
		}
	}
	r.redacted(&b)
	heading(&b, "What is NOT redacted")
	for _, k := range r.summary.Kept {
		wrap(&b, "- ", k)
	}
	if !r.summary.Plain {
		b.WriteString("\n")
		wrap(&b, "", "What is redacted is found by rules. Read the files before you hand them on.")
	}
	r.journal(&b)
	return b.Bytes()
}

func heading(b *bytes.Buffer, title string) {
	fmt.Fprintf(b, "\n%s\n%s\n", title, strings.Repeat("-", len(title)))
}

func (r readme) files(b *bytes.Buffer) {
	heading(b, "What is in it")
	excerpts := 0
	for _, m := range r.members {
		if m.what == "" {
			excerpts++
		} else {
			fmt.Fprintf(b, "%-15s %s\n", m.name, m.what)
		}
	}
	if excerpts > 0 {
		fmt.Fprintf(b, "%-15s %s\n", "excerpts/", fmt.Sprintf("where each reading was taken, with the lines of the logs (%d)", excerpts))
	}
	if len(r.members) == 0 {
		b.WriteString("nothing but this file\n")
	}
}

func (r readme) redacted(b *bytes.Buffer) {
	heading(b, "What is redacted")
	switch {
	case r.summary.Plain:
		wrap(b, "", "NOTHING. The names of people and machines, SIDs and addresses are as they were.")
		return
	case len(r.summary.Redacted) == 0:
		wrap(b, "", "Nothing was found that had to be.")
		return
	}
	for _, c := range r.summary.Redacted {
		wrap(b, "- ", c.String())
	}
	b.WriteString("\n")
	wrap(b, "", "Each has a pseudonym in its place: user-1, machine-2, domain-1, ipv4-3. In a SID the numbers of the machine or domain are "+
		"replaced, and that of the account: S-1-5-21-REDACTED1-2. The same name has the same pseudonym in all files of this bundle, and another one in the next.")
	b.WriteString("\n")
	wrap(b, "", "Found were: names of profile folders; values of fields such as user, computer, host and server; accounts in the form DOMAIN\\user; "+
		"servers in \\\\server\\share and in addresses of the web; e-mail, IPv4, IPv6 and MAC addresses; SIDs; passwords behind password= and the like. "+
		"Names that were found once are redacted wherever they stand as whole words.")
}

// journal says what the redacted journal is not.
func (r readme) journal(b *bytes.Buffer) {
	for _, m := range r.members {
		if m.name != "journal.jsonl" {
			continue
		}
		heading(b, "The journal")
		what := "The records in journal.jsonl are redacted, and so do not agree with their digests any more. "
		if r.summary.Plain {
			what = "The records in journal.jsonl are a copy. "
		}
		wrap(b, "", what+"The journal itself is on the machine where Rectify ran, in its state folder: "+
			"%ProgramData%\\Rectify\\journal.db on Windows, unless --state named another. There `rectify history verify` proves that it is whole, "+
			"and `rectify history show` tells the run with the names as they are.")
	}
}

// wrap writes words on as many lines as they need, the first behind a mark, the others as far in.
func wrap(b *bytes.Buffer, mark, words string) {
	at := 0
	for i, word := range strings.Fields(words) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			b.WriteString(mark)
			at = len(mark)
		case at+1+n > columns:
			b.WriteString("\n" + strings.Repeat(" ", len(mark)))
			at = len(mark)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	b.WriteByte('\n')
}
