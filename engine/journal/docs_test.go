package journal

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const document = "../../docs/journal.md"

// payloads are the types of the data of each kind.
var payloads = map[Kind]any{
	Started: Start{}, Assumed: Assumption{}, Approved: Decision{}, Declined: Decision{}, Answered: Answer{}, Entered: Group{}, Intended: Intent{},
	Done: Outcome{}, Needless: Outcome{}, Failed: Failure{}, Read: Reading{}, Closed: Group{}, Rebound: Start{}, Resumed: Person{}, Awaiting: Continuation{}, Stopped: Stop{},
	Verified: Verdict{}, Ended: Verdict{}, Undoing: Undo{}, Undone: Outcome{}, Restored: Undo{},
}

// block gives what stands in a fence of the document.
func block(t *testing.T, text, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("%s has no block of %s", document, language)
	}
	return found[1]
}

// TestDocumentedRecords holds docs/journal.md to the records: it names each kind and each field, and its examples are
// records.
func TestDocumentedRecords(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("record.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[Kind]bool{}
	for i, line := range strings.Split(strings.TrimSpace(block(t, string(text), "jsonl")), "\n") {
		var r Record
		strict(t, []byte(line), &r)
		shown[r.Kind] = true
		if r.Sequence != int64(i+1) {
			t.Errorf("record %d has the sequence %d", i+1, r.Sequence)
		}
		if payload, ok := payloads[r.Kind]; ok {
			strict(t, r.Data, reflect.New(reflect.TypeOf(payload)).Interface())
		}
	}
	for _, found := range regexp.MustCompile(`Kind = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		kind := Kind(found[1])
		payload, known := payloads[kind]
		if !known || !shown[kind] || !bytes.Contains(text, []byte("| `"+found[1]+"`")) && !bytes.Contains(text, []byte(", `"+found[1]+"` |")) {
			t.Errorf("the kind %s: known here %t, shown %t, or it is not in the table", kind, known, shown[kind])
			continue
		}
		for i := range reflect.TypeOf(payload).NumField() {
			name, _, _ := strings.Cut(reflect.TypeOf(payload).Field(i).Tag.Get("json"), ",")
			if !bytes.Contains(text, []byte("`"+name+"`")) {
				t.Errorf("%s does not name the field %s of %s", document, name, kind)
			}
		}
	}
}

func strict(t *testing.T, data []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Errorf("%s: %v", data, err)
	}
}

// TestDocumentedChain runs the program of docs/journal.md, which shares nothing with this package, not even SQLite.
func TestDocumentedChain(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here")
	}
	if out, err := exec.Command(python, "-c", "import sqlite3; assert sqlite3.sqlite_version_info >= (3, 37)").CombinedOutput(); err != nil {
		t.Skipf("python3 has no SQLite that is new enough: %v %s", err, out)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	dir := folderTest(t)
	chainOfTen(t, dir)
	verify := func() (string, error) {
		out, err := exec.Command(python, "-c", block(t, string(text), "python"), filepath.Join(dir, fileName)).CombinedOutput()
		return string(out), err
	}
	s, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	check, err := s.Verify()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := verify(); err != nil || strings.TrimSpace(out) != "head "+check.Head {
		t.Errorf("%s, %v; want the head %s", out, err, check.Head)
	}
	raw := rawTest(t, dir)
	if _, err := raw.Exec("DROP TRIGGER record_stays; UPDATE record SET step = 'b' WHERE sequence = 8"); err != nil {
		t.Fatal(err)
	}
	closeAll(t, raw)
	if out, err := verify(); err == nil || !strings.Contains(out, "record 8 does not fit") {
		t.Errorf("%s, %v", out, err)
	}
}
