// Package escalate makes the evidence of a run for others: for Microsoft Support, or for a colleague, when a run did not
// fix the problem. It is a zip with the facts, the journal, the report and excerpts of the logs that it rests on. Names
// of people, machines and domains, SIDs and addresses are replaced by pseudonyms, and a README says what is in it, what
// was redacted and what was not.
package escalate

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/sdk/schema"
)

// MaxContents bounds what goes into a bundle, in bytes before it is packed. [Write] refuses more.
const MaxContents = 128 << 20

// Contents is what goes into a bundle. Fields that are nil or empty are left out of it.
type Contents struct {
	Run      string           // run id, "" when nothing was run
	Made     time.Time        // when the bundle is made; the time of every file in it
	Facts    json.RawMessage  // fact.Bundle as JSON
	Journal  []journal.Record // of the run, in order
	Report   *report.Report   // of the diagnosis
	Story    string           // the run as text for people
	Playbook []byte           // source; not redacted: playbooks are public
	Say      string           // what the playbook tells to do now
	Known    Known
}

// Known are names that are known to be private on this target. More are learnt from the contents; see docs/evidence.md.
type Known struct {
	Users    []string // "jdoe", `CONTOSO\jdoe`, "Jane Doe"
	Machines []string // "SRV-APP08", "srv-app08.contoso.example"
	Domains  []string // "CONTOSO", "contoso.example"
}

// Options say how a bundle is made.
type Options struct {
	Plain bool // nothing is redacted
}

// size is how many bytes the contents have, about as they will be written.
func (c Contents) size(reportSize int) int {
	n := len(c.Facts) + len(c.Story) + len(c.Playbook) + len(c.Say) + reportSize
	for _, r := range c.Journal {
		n += len(r.Data) + len(r.Step) + len(r.Digest)
	}
	return n
}

// bounded refuses contents that are too large.
func (c Contents) bounded(reportSize int) error {
	if n := c.size(reportSize); n > MaxContents {
		return fmt.Errorf("the evidence has %s, at most %s fit into a bundle: make it without the facts (%s), or hand on the journal itself",
			schema.FormatSize(int64(n)), schema.FormatSize(MaxContents), schema.FormatSize(int64(len(c.Facts))))
	}
	return nil
}

// version is which rectify made the run, as the journal says; empty where it does not.
func (c Contents) version() string {
	for _, r := range c.Journal {
		if r.Kind != journal.Started {
			continue
		}
		var start struct {
			Version string `json:"version"`
		}
		if json.Unmarshal(r.Data, &start) == nil {
			return start.Version
		}
	}
	return ""
}
