// Package story tells what happened in a run, out of its records alone: line by line, in the order in which it was
// written down, with what was approved, done, read back and taken back.
package story

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/prose"
)

// Head is what stands over the story of a run. All of it is for people; what is empty is left out.
type Head struct {
	Run      string // its id
	Playbook string // id
	Title    string
	Target   string // name
	Who      string
	Began    string
	State    string
	Outcome  string
}

// Text writes the story of a run. records are those of one run, in their order. What cannot be read, and kinds that are
// not known, are shown as they stand; nothing that a record holds can steer the terminal. An error is one of w.
func Text(w io.Writer, head Head, records []journal.Record) error {
	t := &teller{head: head, records: records, names: map[string]string{}, uses: map[string]string{}, did: map[string]string{}}
	t.header()
	if len(records) == 0 {
		t.Say("", "", "Nothing is recorded of it.")
	}
	for i := 0; i < len(records); {
		i = t.record(i)
	}
	_, err := t.WriteTo(w)
	return err
}

// teller tells records one after the other.
type teller struct {
	prose.Page
	head    Head
	records []journal.Record
	names   map[string]string // of steps, by their key
	uses    map[string]string // actions of steps without a name, by their key
	did     map[string]string // what effects did, by the key of their step
	open    []string          // keys of the groups that were entered, outermost first
	day     string            // of the record told last
	last    time.Time
	undoing bool
}

func (t *teller) header() {
	if t.head.Title != "" {
		t.Say("", "", t.head.Title)
	}
	var words []string
	for _, x := range []struct{ before, text string }{
		{"run ", t.head.Run}, {"", t.head.Playbook}, {"", t.head.Target}, {"by ", t.head.Who}, {"began ", t.head.Began}, {"state: ", t.head.State}, {"outcome: ", t.head.Outcome},
	} {
		if x.text != "" {
			words = append(words, x.before+x.text)
		}
	}
	t.Say("  ", "    ", strings.Join(words, ", "))
	t.Gap()
}

// record tells a record, and those behind it that belong to it. It gives the index of the next one.
func (t *teller) record(i int) int {
	rec := t.records[i]
	if i > 0 && t.records[i-1].Kind == journal.Stopped && !slices.Contains([]journal.Kind{journal.Undoing, journal.Rebound, journal.Resumed, journal.Stopped}, rec.Kind) {
		t.tell(journal.Record{Time: rec.Time}, "the run went on")
	}
	switch rec.Kind {
	case journal.Started:
		told(t, rec, t.started)
	case journal.Rebound:
		told(t, rec, t.rebound)
	case journal.Resumed:
		told(t, rec, func(rec journal.Record, who journal.Person) {
			t.tell(rec, fmt.Sprintf("the run went on, by %s on %s", who.User, who.Host))
		})
	case journal.Assumed:
		told(t, rec, t.assumed)
	case journal.Approved, journal.Declined:
		told(t, rec, t.decided)
	case journal.Answered:
		told(t, rec, t.answered)
	case journal.Entered:
		told(t, rec, t.entered)
	case journal.Closed:
		told(t, rec, t.closed)
	case journal.Intended:
		return t.intended(i)
	case journal.Done, journal.Undone, journal.Needless:
		told(t, rec, func(rec journal.Record, o journal.Outcome) { t.outcome(rec, journal.Intent{Role: o.Role}, o, "") })
	case journal.Failed:
		told(t, rec, func(rec journal.Record, f journal.Failure) { t.failed(rec, journal.Intent{Role: f.Role}, f, "") })
	case journal.Read:
		told(t, rec, t.read)
	case journal.Awaiting:
		told(t, rec, func(rec journal.Record, c journal.Continuation) {
			if c.Problem != "" {
				t.tell(rec, "after a restart the run does not go on by itself: "+c.Problem)
				return
			}
			t.tell(rec, "until the run has ended there is "+c.What)
		})
	case journal.Stopped:
		told(t, rec, func(rec journal.Record, s journal.Stop) { t.stopped(rec, s, i == len(t.records)-1) })
	case journal.Verified, journal.Ended:
		told(t, rec, t.verdict)
	case journal.Undoing, journal.Restored:
		told(t, rec, t.undo)
	default:
		t.raw(rec, "")
	}
	return i + 1
}

// told decodes the data of a record for the one that tells it. Data that is damaged is shown as it is.
func told[T any](t *teller, rec journal.Record, tell func(journal.Record, T)) {
	data, ok := decode[T](rec)
	if !ok {
		t.raw(rec, ", damaged")
		return
	}
	tell(rec, data)
}

// decode reads the data of a record. A record without data has empty data.
func decode[T any](rec journal.Record) (data T, ok bool) {
	return data, len(rec.Data) == 0 || json.Unmarshal(rec.Data, &data) == nil
}

// raw shows a record as it stands.
func (t *teller) raw(rec journal.Record, note string) {
	words := fmt.Sprintf("[record %d, %q%s]", rec.Sequence, rec.Kind, note)
	if rec.Step != "" {
		words += " " + rec.Step
	}
	t.tell(rec, strings.TrimSpace(words+" "+string(rec.Data)))
}

const (
	clock = "15:04:05"
	under = "          " // below a time of day
)

// tell writes a line with the time of its record, behind a line with the date where that is another one.
func (t *teller) tell(rec journal.Record, words string) {
	at := rec.Time.UTC()
	if day := at.Format(time.DateOnly); day != t.day {
		t.Gap()
		t.Say("", "", day+" (times are UTC)")
		t.day = day
	}
	if at.Before(t.last.Add(-time.Second)) {
		t.Say(under, under, "(the clock was set back)")
	}
	t.last = at
	in := t.indent(rec)
	t.Say(at.Format(clock)+"  "+in, under+in+"  ", words)
}

// more writes a line below that of a record.
func (t *teller) more(rec journal.Record, words string) {
	in := under + t.indent(rec) + "  "
	t.Say(in, in+"  ", words)
}

// indent is how far in the records of a step stand: as deep as the groups that it is in.
func (t *teller) indent(rec journal.Record) string {
	if rec.Step == "" {
		return ""
	}
	return strings.Repeat("  ", min(len(t.open), 4))
}

// name is what people call a step.
func (t *teller) name(key string) string {
	return cmp.Or(t.names[key], t.uses[key], key)
}

// learn takes the names of steps out of a plan, as far as it can be read.
func (t *teller) learn(plan json.RawMessage) {
	type step struct {
		Key     string `json:"key"`
		Named   bool   `json:"named"`
		Title   string `json:"title"`
		Uses    string `json:"uses"`
		Steps   []step `json:"steps"`
		Finally []step `json:"finally"`
	}
	var p struct {
		Steps      []step `json:"steps"`
		Afterwards []step `json:"afterwards"`
	}
	_ = json.Unmarshal(plan, &p) // what of it cannot be read has no names
	var visit func([]step)
	visit = func(list []step) {
		for _, s := range list {
			switch {
			case s.Title != "" && s.Named:
				t.names[s.Key] = fmt.Sprintf("%s (%s)", s.Title, s.Key)
			case s.Title != "":
				t.names[s.Key] = s.Title
			case s.Uses != "" && !s.Named:
				t.uses[s.Key] = s.Uses
			}
			visit(s.Steps)
			visit(s.Finally)
		}
	}
	visit(p.Steps)
	visit(p.Afterwards)
}
