package escalate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/escalate"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/sdk"
)

func TestLayout(t *testing.T) {
	c := full(t, shipped(t), "task-interferes")
	names, files, s := written(t, c, escalate.Options{})
	if !slices.Equal(names, s.Files) {
		t.Errorf("the summary has %q, the zip %q", s.Files, names)
	}
	var rest []string
	for _, name := range names {
		if !strings.HasPrefix(name, "excerpts/") {
			rest = append(rest, name)
		}
	}
	if want := []string{"README.txt", "report.txt", "report.json", "facts.json", "journal.jsonl", "playbook.yaml", "story.txt"}; !slices.Equal(rest, want) {
		t.Errorf("the files are %q, want %q", rest, want)
	}
	golden(t, "README.txt", files["README.txt"])
	golden(t, "tasks.txt", files["excerpts/tasks.txt"])
	if !bytes.Equal(files["playbook.yaml"], c.Playbook) {
		t.Error("the playbook is not as it was")
	}
	if !bytes.Contains(files["report.txt"], []byte("CONFIRMED")) {
		t.Errorf("the report is\n%s", files["report.txt"])
	}
}

func TestSameContentsSameBytes(t *testing.T) {
	c := full(t, shipped(t), "two-failures")
	for name, o := range map[string]escalate.Options{"redacted": {}, "plain": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			var first, second bytes.Buffer
			one, err := escalate.Write(&first, c, o)
			if err != nil {
				t.Fatal(err)
			}
			two, err := escalate.Write(&second, c, o)
			if err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) || one.Text() != two.Text() {
				t.Errorf("a second time gives another bundle, %v", err)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	c := full(t, shipped(t), "task-interferes")
	_, files, s := written(t, c, escalate.Options{Plain: true})
	golden(t, "README-plain.txt", files["README.txt"])
	if string(files["story.txt"]) != c.Story || !bytes.Contains(files["facts.json"], []byte("SRV-APP01")) {
		t.Errorf("the story is\n%s", files["story.txt"])
	}
	var first journal.Record
	line, _, _ := bytes.Cut(files["journal.jsonl"], []byte("\n"))
	if err := json.Unmarshal(line, &first); err != nil || !bytes.Equal(first.Data, compacted(t, c.Journal[0].Data)) {
		t.Errorf("the first record is not as it was, %v", err)
	}
	if !s.Plain || len(s.Redacted) != 0 || !strings.Contains(s.Text(), "Nothing in it is redacted") {
		t.Errorf("the summary is %+v", s)
	}
}

func compacted(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestParts makes sure that what is not there is left out, and that a bundle of little is a bundle.
func TestParts(t *testing.T) {
	r := &report.Report{Version: 1, Outcome: "seen", Facts: []report.Fact{}, Applies: report.Finding{Name: "applies", Verdict: "confirmed", Evidence: []report.Evidence{
		{Main: true, Fact: "attempts", At: sdk.Evidence{Channel: "System", Record: 7, Text: "for jdoe"}},
		{Fact: "attempts", At: sdk.Evidence{File: `C:\Users\jdoe\x`, Line: 3}},
		{Fact: "aux", At: sdk.Evidence{Key: `HKLM\X`}},
	}}}
	reading := func(uses string) string { return `{"uses":"` + uses + `","evidence":[{"file":"C:\\x","line":1}]}` }
	for name, test := range map[string]struct {
		c    escalate.Contents
		want []string
	}{
		"nothing":          {escalate.Contents{}, []string{"README.txt"}},
		"story":            {escalate.Contents{Story: "x"}, []string{"README.txt", "story.txt"}},
		"report":           {escalate.Contents{Report: r}, []string{"README.txt", "report.txt", "report.json", "excerpts/attempts.txt", "excerpts/_aux.txt"}},
		"facts":            {escalate.Contents{Facts: json.RawMessage(`{"readings":[` + reading("log.search") + `,{"uses":"x.y"}]}`)}, []string{"README.txt", "facts.json", "excerpts/log.search.txt"}},
		"same-probe-twice": {escalate.Contents{Facts: json.RawMessage(`{"readings":[` + reading("a.b") + "," + reading("A.B") + "," + reading("a.b-2") + "," + reading("a.b") + `]}`)}, []string{"README.txt", "facts.json", "excerpts/a.b.txt", "excerpts/A.B-2.txt", "excerpts/a.b-2-2.txt", "excerpts/a.b-3.txt"}},
		"strange-names":    {escalate.Contents{Facts: json.RawMessage(`{"readings":[` + reading("../../x") + "," + reading("") + "," + reading("COM1.x") + "," + reading("ü:*") + `]}`)}, []string{"README.txt", "facts.json", "excerpts/_.._x.txt", "excerpts/_.txt", "excerpts/_COM1.x.txt", "excerpts/___.txt"}},
		"records":          {escalate.Contents{Journal: []journal.Record{{Kind: journal.Ended}}}, []string{"README.txt", "journal.jsonl"}},
	} {
		t.Run(name, func(t *testing.T) {
			names, files, s := written(t, test.c, escalate.Options{})
			if !slices.Equal(names, test.want) {
				t.Errorf("the files are %q, want %q", names, test.want)
			}
			lines(t, files["README.txt"])
			if name == "report" {
				if want := "Read by attempts. Times are UTC; * marks what a finding rests on.\n\n* System #7  [applies (confirmed)]\n    for user-1\n"; !strings.HasPrefix(string(files["excerpts/attempts.txt"]), want) {
					t.Errorf("the excerpt is\n%s", files["excerpts/attempts.txt"])
				}
			}
			if name == "nothing" && !strings.Contains(s.Text(), "Nothing was found to redact") {
				t.Errorf("the summary is %s", s.Text())
			}
		})
	}
}

// TestPlaybookThatNamesSomebody makes sure that it is told when the one file that is not redacted has a name in it.
func TestPlaybookThatNamesSomebody(t *testing.T) {
	c := escalate.Contents{Playbook: []byte("title: the update on FILESRV3 fails\n"), Known: escalate.Known{Machines: []string{"filesrv3"}}}
	_, files, s := written(t, c, escalate.Options{})
	if !strings.Contains(s.Kept[0], "NAMES SOMETHING") || !strings.Contains(string(files["README.txt"]), "NAMES SOMETHING") {
		t.Errorf("it is not told: %q", s.Kept)
	}
}

// TestOrdersToTheTerminal makes sure that texts of logs cannot do anything where they are shown.
func TestOrdersToTheTerminal(t *testing.T) {
	const evil = "\x1b[2J\x07\u202eabc\r\nnext\tline\u2066"
	c := escalate.Contents{Run: evil, Story: evil, Say: evil, Facts: json.RawMessage(`{"readings":[{"uses":"a.b","evidence":[{"file":"C:\\\u001b[2J","text":"\u001b]0;x\u0007"}]}]}`)}
	for name, o := range map[string]escalate.Options{"redacted": {}, "plain": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			_, files, _ := written(t, c, o)
			for name, data := range files {
				if bytes.ContainsAny(data, "\x1b\x07\r") || bytes.Contains(data, []byte("\u202e")) {
					t.Errorf("%s: %q", name, data)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		c    escalate.Contents
		want string
	}{
		"facts-not-json":     {escalate.Contents{Facts: json.RawMessage(`{"a":`)}, `the facts are not JSON: "{\"a\":"`},
		"facts-of-no-bundle": {escalate.Contents{Facts: json.RawMessage(`{"readings":3}`)}, "the facts are not those of a bundle: "},
		"record-not-json":    {escalate.Contents{Journal: []journal.Record{{Sequence: 3, Kind: journal.Done, Data: json.RawMessage(`{`)}}}, "record 3 of the journal (done) cannot be written: "},
		"too-large":          {escalate.Contents{Story: "x", Facts: make([]byte, escalate.MaxContents)}, "the evidence has 128.0 MiB, at most 128.0 MiB fit into a bundle: make it without the facts (128.0 MiB), or hand on the journal itself"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if _, err := escalate.Write(&b, test.c, escalate.Options{}); err == nil || !strings.HasPrefix(err.Error(), test.want) || b.Len() > 0 {
				t.Errorf("%v with %d bytes, want %s", err, b.Len(), test.want)
			}
		})
	}
}

// TestHostileFacts makes sure that facts which nobody would record do no harm.
func TestHostileFacts(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 4000) + `"C:\\Users\\jdoe\\x"` + strings.Repeat("]}", 4000)
	many := strings.Repeat(`{"uses":"a.b","evidence":[{"file":"C:\\x"}]},`, 300)
	for name, facts := range map[string]string{
		"deep":          `{"value":` + deep + "}",
		"many-readings": `{"readings":[` + many + `{}]}`,
		"no-object":     `[1,2]`,
		"null":          `null`,
		"same-keys":     `{"jdoe":1,"JDOE":2,"readings":null}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := escalate.Contents{Facts: json.RawMessage(facts), Known: escalate.Known{Users: []string{"jdoe"}}}
			var b bytes.Buffer
			_, err := escalate.Write(&b, c, escalate.Options{})
			if name == "no-object" {
				if err == nil || !strings.HasPrefix(err.Error(), "the facts are not those of a bundle: ") {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			names, files, _ := written(t, c, escalate.Options{})
			if name == "many-readings" && (len(names) != 203 || string(files["excerpts/more.txt"]) != "The evidence of 101 more readings is in facts.json.\n") {
				t.Errorf("%d files, the last says %q", len(names), files["excerpts/more.txt"])
			}
			if data := files["facts.json"]; !json.Valid(data) || bytes.Contains(bytes.ToLower(data), []byte("jdoe")) || len(data) > 2*len(facts)+1000 {
				t.Errorf("%d bytes, valid: %v", len(data), json.Valid(data))
			}
		})
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteErrorsAreTold(t *testing.T) {
	if _, err := escalate.Write(fullDisk{}, escalate.Contents{Story: "x"}, escalate.Options{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
}

// TestOwnWords makes sure that a person or machine with the name of a field of bundles, reports or records leaves them
// readable.
func TestOwnWords(t *testing.T) {
	c := full(t, shipped(t), "task-interferes")
	for _, of := range []reflect.Type{reflect.TypeFor[fact.Bundle](), reflect.TypeFor[report.Report](), reflect.TypeFor[journal.Record](), reflect.TypeFor[journal.Start]()} {
		c.Known.Users = append(c.Known.Users, fields(of)...)
	}
	c.Known.Machines = []string{"observed", "partial", "failed", "unsupported", "seen", "not seen", "was transient", "undetermined", "confirmed", "suspected",
		"ruled out", "when", "suspect", "true", "false", "live", "offline", "bundle"}
	_, files, _ := written(t, c, escalate.Options{})
	sameVerdicts(t, shipped(t), c.Report, files["facts.json"])
	var r report.Report
	if err := json.Unmarshal(files["report.json"], &r); err != nil || len(r.Causes) != len(c.Report.Causes) || r.Version != c.Report.Version {
		t.Errorf("%d causes of version %d, %v", len(r.Causes), r.Version, err)
	}
}

// fields are the names that the fields of a type have in JSON, with those of what is in it.
func fields(of reflect.Type) []string {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fields(of.Elem())
	case reflect.Struct:
		var names []string
		for i := range of.NumField() {
			if name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
				names = append(append(names, name), fields(of.Field(i).Type)...)
			}
		}
		return names
	}
	return nil
}
