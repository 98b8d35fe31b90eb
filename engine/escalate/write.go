package escalate

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/report"
)

// member is a file in a bundle.
type member struct {
	name string
	data []byte
	what string // in one line, for the README
}

// Write writes a bundle as a zip file. It returns what was redacted and what was not. The same contents and options give
// the same bytes. Contents above [MaxContents], and facts or records that are not JSON, are an error.
func Write(w io.Writer, c Contents, o Options) (Summary, error) {
	d, err := newDocuments(c)
	if err != nil {
		return Summary{}, err
	}
	var h hider
	if !o.Plain {
		if h, err = newHider(c.Known, d, c.Run, c.Story, c.Say); err != nil {
			return Summary{}, err
		}
	}
	members, err := d.members(h)
	if err != nil {
		return Summary{}, err
	}
	if len(c.Playbook) > 0 {
		members = append(members, member{"playbook.yaml", c.Playbook, "the playbook, as it was run"})
	}
	if c.Story != "" {
		members = append(members, member{"story.txt", []byte(h.text(strings.TrimRight(c.Story, "\n") + "\n")), "what was done, for people"})
	}
	// The texts of the README are redacted before it is told how much was redacted.
	r := readme{made: c.Made, run: h.text(c.Run), version: h.text(c.version()), say: h.text(c.Say), members: members}
	r.summary = summarise(c, h, members)
	members = append([]member{{name: "README.txt", data: r.text()}}, members...)
	return r.summary, pack(w, members, c.Made)
}

// documents are the parts of the contents that are JSON, before anything is redacted.
type documents struct {
	data  map[string][]byte // by the name of their file; of the journal, by the number of the record
	order []string
	lines []string // the names of the journal's records
}

func newDocuments(c Contents) (*documents, error) {
	d := &documents{data: map[string][]byte{}}
	if c.Report != nil {
		var b bytes.Buffer
		if err := report.JSON(&b, []*report.Report{c.Report}, false); err != nil {
			return nil, fmt.Errorf("the report cannot be written: %w", err)
		}
		d.add("report.json", b.Bytes())
	}
	if err := c.bounded(len(d.data["report.json"])); err != nil {
		return nil, err
	}
	if len(c.Facts) > 0 {
		if !json.Valid(c.Facts) {
			return nil, fmt.Errorf("the facts are not JSON: %.60q", c.Facts)
		}
		d.add("facts.json", c.Facts)
	}
	for _, r := range c.Journal {
		line, err := recordLine(r)
		if err != nil {
			return nil, fmt.Errorf("record %d of the journal (%s) cannot be written: %w", r.Sequence, r.Kind, err)
		}
		name := fmt.Sprintf("journal.jsonl, record %d", len(d.lines)+1)
		d.add(name, line)
		d.lines = append(d.lines, name)
	}
	return d, nil
}

func (d *documents) add(name string, data []byte) {
	d.data[name] = data
	d.order = append(d.order, name)
}

// recordLine writes a record of the journal on one line.
func recordLine(r journal.Record) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(r)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// members makes the files of the bundle that come from the documents.
func (d *documents) members(h hider) ([]member, error) {
	var out []member
	var seen *report.Report
	if data := d.data["report.json"]; data != nil {
		redacted, err := h.json(data, true)
		if err != nil {
			return nil, err
		}
		// The text is made of the redacted report, so that no name is broken over two lines before it is looked for.
		seen = &report.Report{}
		if err := json.Unmarshal(redacted, seen); err != nil {
			return nil, fmt.Errorf("the redacted report cannot be read back: %w", err)
		}
		var text bytes.Buffer
		if err := report.Text(&text, seen); err != nil {
			return nil, err
		}
		out = append(out, member{"report.txt", text.Bytes(), "the diagnosis, for people"},
			member{"report.json", append(redacted, '\n'), "the same for programs, with all its evidence"})
	}
	var facts []byte
	if data := d.data["facts.json"]; data != nil {
		redacted, err := h.json(data, true)
		if err != nil {
			return nil, err
		}
		facts = redacted
		out = append(out, member{"facts.json", append(redacted, '\n'), "what was read of the machine, each reading with its evidence"})
	}
	if len(d.lines) > 0 {
		var lines bytes.Buffer
		for _, name := range d.lines {
			line, err := h.json(d.data[name], false)
			if err != nil {
				return nil, err
			}
			lines.Write(append(line, '\n'))
		}
		out = append(out, member{"journal.jsonl", lines.Bytes(), "the records of the run, one a line"})
	}
	excerpts, err := excerpts(facts, seen)
	return append(out, excerpts...), err
}

// pack writes the files, in their order, all of one time.
func pack(w io.Writer, members []member, made time.Time) error {
	z := zip.NewWriter(w)
	for _, m := range members {
		f, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: made.UTC()})
		if err == nil {
			_, err = f.Write(m.data)
		}
		if err != nil {
			return fmt.Errorf("%s cannot be written into the bundle: %w", m.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("the bundle cannot be written: %w", err)
	}
	return nil
}
