package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chainOfTen makes a journal of ten records: two runs, the first of them from 1 to 5.
func chainOfTen(t *testing.T, dir string) (first, second string) {
	t.Helper()
	s := openTest(t, dir)
	for _, id := range []*string{&first, &second} {
		r := beginTest(t, s, "m1")
		appendTest(t, r, Intended, "a", Intent{Attempt: 1})
		appendTest(t, r, Done, "a", Outcome{Summary: "there"})
		appendTest(t, r, Verified, "", Verdict{Outcome: "fixed"})
		appendTest(t, r, Ended, "", Verdict{Outcome: "fixed"})
		*id = r.ID()
		closeAll(t, r)
	}
	closeAll(t, s)
	return first, second
}

// forge is the SQL that puts a record behind the last one with a digest that fits.
func forge(t *testing.T, dir string) string {
	t.Helper()
	s, err := OpenToRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	check, err := s.Verify()
	if err != nil {
		t.Fatal(err)
	}
	r := row{sequence: 11, run: "x", time: "2026-11-22T21:18:00Z", kind: "ended", data: []byte("{}")}
	return fmt.Sprintf("INSERT INTO record VALUES (11, 'x', '%s', 'ended', '', '%s', x'7b7d')", r.time, r.chained(check.Head))
}

func TestTampering(t *testing.T) {
	whole := folderTest(t)
	first, second := chainOfTen(t, whole)
	const free = "DROP TRIGGER record_stays; DROP TRIGGER record_remains;"
	const other = "(sequence, run, time, kind, step, digest, data) SELECT 11, run, time, kind, step, digest, data FROM record WHERE sequence = 10"
	for name, c := range map[string]struct {
		sql      string
		sequence int64
		damage   Damage
		opens    bool // it is found by looking at the whole chain only
		second   bool // the records of the second run are given still
	}{
		"data":             {sql: "UPDATE record SET data = CAST(replace(CAST(data AS TEXT), 'there', 'where') AS BLOB) WHERE sequence = 3", sequence: 3, damage: Altered, opens: true, second: true},
		"kind":             {sql: "UPDATE record SET kind = 'failed' WHERE sequence = 8", sequence: 8, damage: Altered, opens: true},
		"step":             {sql: "UPDATE record SET step = 'b' WHERE sequence = 8", sequence: 8, damage: Altered, opens: true},
		"time":             {sql: "UPDATE record SET time = '2020-01-01T00:00:00Z' WHERE sequence = 2", sequence: 2, damage: Altered, opens: true, second: true},
		"no-time":          {sql: "UPDATE record SET time = 'x' WHERE sequence = 2", sequence: 2, damage: Altered, opens: true, second: true},
		"run":              {sql: "UPDATE record SET run = 'x' WHERE sequence = 2", sequence: 2, damage: Altered, opens: true, second: true},
		"digest":           {sql: "UPDATE record SET digest = 'x' WHERE sequence = 4", sequence: 4, damage: Altered, opens: true, second: true},
		"kind-into-step":   {sql: "UPDATE record SET kind = 'intendeda', step = '' WHERE sequence = 2", sequence: 2, damage: Altered, opens: true, second: true},
		"first-gone":       {sql: "DELETE FROM record WHERE sequence = 1", sequence: 1, damage: Missing, second: true},
		"middle-gone":      {sql: "DELETE FROM record WHERE sequence = 4", sequence: 4, damage: Missing, second: true},
		"two-gone":         {sql: "DELETE FROM record WHERE sequence IN (4, 5)", sequence: 4, damage: Missing},
		"gone-and-closed":  {sql: "DELETE FROM record WHERE sequence = 4; UPDATE record SET sequence = sequence - 1 WHERE sequence > 4; UPDATE head SET sequence = 9", sequence: 4, damage: Altered},
		"tail-gone":        {sql: "DELETE FROM record WHERE sequence = 10", sequence: 10, damage: Missing},
		"run-gone":         {sql: "DELETE FROM record WHERE sequence > 5", sequence: 6, damage: Missing},
		"all-gone":         {sql: "DELETE FROM record", sequence: 1, damage: Missing},
		"swapped":          {sql: "UPDATE record SET sequence = -1 WHERE sequence = 3; UPDATE record SET sequence = 3 WHERE sequence = 4; UPDATE record SET sequence = 4 WHERE sequence = -1", sequence: 3, damage: OutOfOrder, opens: true, second: true},
		"swapped-far":      {sql: "UPDATE record SET sequence = -1 WHERE sequence = 3; UPDATE record SET sequence = 3 WHERE sequence = 9; UPDATE record SET sequence = 9 WHERE sequence = -1", sequence: 3, damage: OutOfOrder},
		"forged-copy":      {sql: "INSERT INTO record " + other, sequence: 11, damage: Added},
		"forged-before":    {sql: "INSERT INTO record VALUES (0, 'x', '', '', '', '', x'')", sequence: 0, damage: Added, second: true},
		"forged-negative":  {sql: "INSERT INTO record VALUES (-5, 'x', '', '', '', '', x'')", sequence: -5, damage: Added, second: true},
		"forged-that-fits": {sql: forge(t, whole), sequence: 11, damage: Added},
		"forged-and-head":  {sql: "INSERT INTO record " + other + "; UPDATE head SET sequence = 11", sequence: 11, damage: Altered},
		"forged-between":   {sql: "UPDATE record SET sequence = sequence + 100 WHERE sequence > 6; UPDATE record SET sequence = sequence - 99 WHERE sequence > 100; INSERT INTO record SELECT 7, run, time, kind, step, digest, data FROM record WHERE sequence = 2; UPDATE head SET sequence = 11", sequence: 7, damage: OutOfOrder},
		"head":             {sql: "UPDATE head SET digest = 'x'", sequence: 10, damage: Altered},
		"head-ahead":       {sql: "UPDATE head SET sequence = 11", sequence: 11, damage: Missing},
		"head-behind":      {sql: "UPDATE head SET sequence = 9", sequence: 10, damage: Added},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyTest(t, whole)
			raw := rawTest(t, dir)
			if _, err := raw.Exec(free + c.sql); err != nil {
				t.Fatal(err)
			}
			closeAll(t, raw)

			s, err := OpenToRead(dir)
			if err != nil {
				t.Fatal(err)
			}
			check, err := s.Verify()
			if err != nil || check.Break == nil {
				t.Fatalf("%+v, %v", check, err)
			}
			if b := check.Break; b.Sequence != c.sequence || b.Damage != c.damage || !strings.Contains(b.Text, fmt.Sprint(c.sequence)) {
				t.Errorf("%+v, want %s at %d", b, c.damage, c.sequence)
			}
			if _, err := s.Records(first); (err == nil) != (c.sequence < 1) {
				t.Errorf("the records of the first run: %v", err)
			}
			if _, err := s.Records(second); (err == nil) != c.second {
				t.Errorf("the records of the second run: %v", err)
			} else if err != nil && c.damage == Altered && (!errors.As(err, new(*BrokenError)) || !errors.Is(err, ErrDamaged)) {
				t.Errorf("the records of the second run: %v", err)
			}
			writer, err := open(dir, small, AcceptUnprotected())
			if c.opens && err != nil || !c.opens && !errors.Is(err, ErrDamaged) {
				t.Errorf("opened: %v", err)
			}
			if err == nil {
				closeAll(t, writer)
			}
		})
	}
}

// TestForgedEndWithHead states what a chain cannot show: who changes the head as well has made another journal.
func TestForgedEndWithHead(t *testing.T) {
	dir := folderTest(t)
	chainOfTen(t, dir)
	raw := rawTest(t, dir)
	if _, err := raw.Exec("DROP TRIGGER record_remains; DELETE FROM record WHERE sequence = 10; UPDATE head SET (sequence, digest) = (SELECT sequence, digest FROM record WHERE sequence = 9)"); err != nil {
		t.Fatal(err)
	}
	closeAll(t, raw)
	if check, err := openTest(t, dir).Verify(); err != nil || !check.Whole() || check.Records != 9 {
		t.Errorf("%+v, %v", check, err)
	}
}

// copyTest copies a journal that is closed.
func copyTest(t *testing.T, from string) string {
	t.Helper()
	dir := folderTest(t)
	if err := copyFile(filepath.Join(dir, fileName), filepath.Join(from, fileName)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRecordsStay(t *testing.T) {
	dir := folderTest(t)
	chainOfTen(t, dir)
	for name, query := range map[string]string{
		"update":  "UPDATE record SET kind = 'failed' WHERE sequence = 3",
		"delete":  "DELETE FROM record",
		"replace": "PRAGMA recursive_triggers = 1; REPLACE INTO record SELECT sequence, 'x', time, kind, step, digest, data FROM record WHERE sequence = 3",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := rawTest(t, dir).Exec(query); err == nil || !strings.Contains(err.Error(), "a record is never") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestBrokenTables opens databases that are no journal, or no longer.
func TestBrokenTables(t *testing.T) {
	whole := folderTest(t)
	chainOfTen(t, whole)
	for name, c := range map[string]struct{ sql, want string }{
		"no-head-row":     {"DELETE FROM head", "damaged"},
		"no-head":         {"DROP TABLE head", "damaged"},
		"no-records":      {"DROP TABLE record", "damaged"},
		"no-column":       {"ALTER TABLE record DROP COLUMN step", "damaged"},
		"no-reserve":      {"DROP TABLE reserve", "damaged"},
		"newer":           {"PRAGMA user_version = 2", "made by a newer rectify (version 2"},
		"no-version":      {"PRAGMA user_version = 0", "damaged"},
		"of-another-kind": {"PRAGMA application_id = 1", "not a journal of rectify"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyTest(t, whole)
			raw := rawTest(t, dir)
			if _, err := raw.Exec(c.sql); err != nil {
				t.Fatal(err)
			}
			closeAll(t, raw)
			before, err := os.ReadFile(filepath.Join(dir, fileName))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := open(dir, small, AcceptUnprotected()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("open: %v, want %q", err, c.want)
			}
			if after, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || string(after) != string(before) && name != "no-reserve" {
				t.Errorf("the refused file was changed: %v", err)
			}
			s, err := OpenToRead(dir)
			if err != nil {
				return // told already
			}
			if check, err := s.Verify(); err != nil || check.Whole() && name != "no-reserve" {
				t.Errorf("%+v, %v", check, err)
			}
		})
	}
}
