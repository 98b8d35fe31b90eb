package escalate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/sdk"
)

// maxExcerpts bounds the files that are made of readings. A playbook has a few dozen.
const maxExcerpts = 200

// reading is what an excerpt shows of a reading.
type reading struct {
	Uses     string         `json:"uses"`
	Evidence []sdk.Evidence `json:"evidence"`
	Cut      int            `json:"evidence_cut"`
}

// cited is a piece of evidence that findings of a report rest on.
type cited struct {
	fact     string
	findings []string // "task_interferes (confirmed)"
}

// excerpts makes one file for each reading that has evidence: the places where it was read, and the lines that stand
// there. What a finding of the report rests on is marked. Both arguments are redacted already, and may be nil.
func excerpts(facts []byte, r *report.Report) ([]member, error) {
	var bundle struct {
		Readings []reading `json:"readings"`
	}
	if facts != nil {
		if err := json.Unmarshal(facts, &bundle); err != nil {
			return nil, fmt.Errorf("the facts are not those of a bundle: %w", err)
		}
	}
	cites, order := citations(r)
	if facts == nil {
		bundle.Readings = fromReport(cites, order)
	}
	files := fileNames{}
	var out []member
	for i, read := range bundle.Readings {
		if len(read.Evidence) == 0 {
			continue
		}
		if len(out) == maxExcerpts {
			rest := fmt.Sprintf("The evidence of %d more readings is in facts.json.\n", len(bundle.Readings)-i)
			return append(out, member{"excerpts/" + files.unique("more") + ".txt", []byte(rest), ""}), nil
		}
		name := read.Uses
		if fact := onlyFact(read, cites); fact != "" {
			name = fact
		}
		out = append(out, member{"excerpts/" + files.unique(name) + ".txt", excerpt(read, cites), ""})
	}
	return out, nil
}

// citations gathers the evidence of a report's findings, in their order.
func citations(r *report.Report) (map[sdk.Evidence]*cited, []sdk.Evidence) {
	cites := map[sdk.Evidence]*cited{}
	var order []sdk.Evidence
	if r == nil {
		return cites, nil
	}
	findings := append([]report.Finding{r.Applies}, r.Symptoms...)
	if r.Healed != nil {
		findings = append(findings, *r.Healed)
	}
	for _, f := range append(findings, r.Causes...) {
		for _, e := range f.Evidence {
			c := cites[e.At]
			if c == nil {
				c = &cited{fact: e.Fact}
				cites[e.At] = c
				order = append(order, e.At)
			}
			c.findings = append(c.findings, fmt.Sprintf("%s (%s)", f.Name, f.Verdict))
		}
	}
	return cites, order
}

// fromReport makes readings of what the findings rest on, one for each fact, where the facts themselves are not there.
func fromReport(cites map[sdk.Evidence]*cited, order []sdk.Evidence) []reading {
	var readings []reading
	for _, e := range order {
		fact := cites[e].fact
		i := slices.IndexFunc(readings, func(r reading) bool { return r.Uses == fact })
		if i < 0 {
			i = len(readings)
			readings = append(readings, reading{Uses: fact})
		}
		readings[i].Evidence = append(readings[i].Evidence, e)
	}
	return readings
}

// onlyFact is the name that the playbook has for a reading, where its evidence was cited under one name.
func onlyFact(read reading, cites map[sdk.Evidence]*cited) string {
	fact := ""
	for _, e := range read.Evidence {
		switch c := cites[e]; {
		case c == nil:
		case fact != "" && c.fact != fact:
			return ""
		default:
			fact = c.fact
		}
	}
	return fact
}

// excerpt writes the evidence of a reading, one item a paragraph.
func excerpt(read reading, cites map[sdk.Evidence]*cited) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Read by %s. Times are UTC; * marks what a finding rests on.\n", visible(read.Uses))
	for _, e := range read.Evidence {
		mark, findings := " ", ""
		if c := cites[e]; c != nil {
			mark, findings = "*", "  ["+strings.Join(c.findings, ", ")+"]"
		}
		fmt.Fprintf(&b, "\n%s ", mark)
		if !e.Time.IsZero() {
			fmt.Fprintf(&b, "%s  ", e.Time.UTC().Format("2006-01-02 15:04:05"))
		}
		fmt.Fprintf(&b, "%s%s\n", oneLine(e.Where()), oneLine(findings))
		for _, line := range strings.Split(visible(e.Text), "\n") {
			if line != "" {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		}
	}
	if read.Cut > 0 {
		fmt.Fprintf(&b, "\n  and %d more that were too many to keep\n", read.Cut)
	}
	return b.Bytes()
}

func oneLine(s string) string { return strings.ReplaceAll(visible(s), "\n", " ") }

// fileNames are the names that were given to files so far, in small letters, since Windows does not tell them apart; with
// the number that was last put behind each.
type fileNames map[string]int

// reserved are names that no file can have on Windows.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}

// unique makes a name that a file can have on any system and none has yet.
func (f fileNames) unique(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return r
		}
		return '_'
	}, name)
	safe = strings.Trim(safe[:min(len(safe), 60)], ".")
	stem, _, _ := strings.Cut(strings.ToLower(safe), ".")
	if safe == "" || reserved[stem] || len(stem) == 4 && (stem[:3] == "com" || stem[:3] == "lpt") {
		safe = "_" + safe
	}
	key, given := strings.ToLower(safe), safe
	for n := f[key]; f[strings.ToLower(given)] > 0; {
		n++
		f[key] = n
		given = fmt.Sprintf("%s-%d", safe, n)
	}
	f[strings.ToLower(given)] = 1
	return given
}
