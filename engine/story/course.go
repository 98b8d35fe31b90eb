package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
)

// Bounds of what one record shows.
const (
	maxShown  = 60 // lines of what was approved
	maxLeaves = 20
)

// undoReason marks the groups that an undo opens and closes.
const undoReason = "undo"

func (t *teller) started(rec journal.Record, s journal.Start) {
	t.learn(s.Plan)
	t.tell(rec, fmt.Sprintf("started by %s, with rectify %s", person(s.Who), cmp.Or(s.Version, "of unknown version")))
	if len(s.Command) > 0 {
		t.more(rec, commandLine(s.Command))
	}
	playbook := s.Playbook
	if s.File != "" {
		playbook += " (" + s.File + ")"
	}
	t.more(rec, "playbook: "+playbook)
	t.more(rec, "target: "+s.Target.Name)
}

func (t *teller) rebound(rec journal.Record, s journal.Start) {
	t.learn(s.Plan)
	t.tell(rec, "the machine has restarted: diagnosed and planned anew")
}

func person(p journal.Person) string {
	switch {
	case p.User == "" && p.Host == "":
		return "somebody"
	case p.Host == "":
		return p.User
	}
	return fmt.Sprintf("%s on %s", cmp.Or(p.User, "somebody"), p.Host)
}

func commandLine(words []string) string {
	out := slices.Clone(words)
	for i, w := range out {
		if w == "" || strings.ContainsAny(w, " \t") {
			out[i] = `"` + w + `"`
		}
	}
	return strings.Join(out, " ")
}

func (t *teller) assumed(rec journal.Record, a journal.Assumption) {
	t.tell(rec, fmt.Sprintf("ASSUMED by the operator: %s is %s; the diagnosis had come to: %s", a.Cause, a.Verdict, cmp.Or(a.Was, "nothing")))
}

func (t *teller) decided(rec journal.Record, d journal.Decision) {
	words := string(rec.Kind) + how(d.By)
	if d.Risk != "" {
		words += fmt.Sprintf(", risk %s", d.Risk)
	}
	t.tell(rec, words+": "+t.name(rec.Step))
	if len(d.Shown) == 0 && d.Preview != "" {
		t.more(rec, "what was shown has the digest "+d.Preview)
	}
	for i, line := range d.Shown {
		if i == maxShown {
			t.more(rec, fmt.Sprintf("and %d more lines; `rectify history show --format json` has all", len(d.Shown)-i))
			break
		}
		text := strings.TrimLeft(line, " ")
		in := under + t.indent(rec) + "  " + strings.Repeat(" ", min(len(line)-len(text), 8))
		t.Say(in, in+"  ", text)
	}
}

// how says by what means something was decided or answered.
func how(by string) string {
	switch by {
	case "":
		return ""
	case "terminal":
		return " at the terminal"
	}
	return " with " + by
}

func (t *teller) answered(rec journal.Record, a journal.Answer) {
	t.tell(rec, fmt.Sprintf("answered%s: %s", how(a.By), cmp.Or(a.Text, "(nothing)")))
	t.more(rec, "asked was: "+cmp.Or(a.Question, t.name(rec.Step)))
}

func (t *teller) entered(rec journal.Record, g journal.Group) {
	word := "begins: "
	if g.Reason == undoReason {
		word = "taking back what was done in: "
	}
	if i := slices.Index(t.open, rec.Step); i >= 0 {
		t.open = t.open[:i]
		t.gap(rec)
	}
	t.tell(rec, word+t.name(rec.Step))
	t.open = append(t.open, rec.Step)
}

func (t *teller) closed(rec journal.Record, g journal.Group) {
	if i := slices.Index(t.open, rec.Step); i >= 0 {
		t.open = t.open[:i]
	}
	words := "ends: " + t.name(rec.Step)
	switch g.Reason {
	case "":
	case undoReason:
		words = "taking back ends: " + t.name(rec.Step)
	default:
		words = fmt.Sprintf("ends early: %s: %s", t.name(rec.Step), g.Reason)
	}
	t.tell(rec, words)
}

// gap shows that the run was cut off before a record.
func (t *teller) gap(next journal.Record) {
	at := next.Time.UTC().Format(clock)
	if day := next.Time.UTC().Format(time.DateOnly); day != t.day {
		at = day + " " + at
	}
	word := "the run went on"
	if next.Kind == journal.Undoing {
		word = "it was to be taken back"
	}
	t.Say(under, under+"  ", fmt.Sprintf("… nothing was recorded after this; %s at %s", word, at))
}

func (t *teller) read(rec journal.Record, r journal.Reading) {
	t.tell(rec, reading(r))
	t.leaves(rec, r)
}

func reading(r journal.Reading) string {
	of := map[string]string{"expect": "expected", "wait_until": "waited for", "fixed": "fixed when", "pending": "pending when"}[r.Of]
	return fmt.Sprintf("%s: `%s` is %s", cmp.Or(of, r.Of), r.Condition, cmp.Or(r.Truth, "undetermined"))
}

// leaves shows what kept a condition from being true.
func (t *teller) leaves(rec journal.Record, r journal.Reading) {
	if r.Truth == "true" {
		return
	}
	var lines []string
	for _, leaf := range r.Leaves {
		if text, ok := strings.CutSuffix(leaf, " false"); ok {
			lines = append(lines, "✗ "+text)
		} else if text, ok := strings.CutSuffix(leaf, " undetermined"); ok {
			lines = append(lines, "? "+text)
		}
	}
	for _, why := range r.Why {
		lines = append(lines, "not known: "+why)
	}
	for i, line := range lines {
		if i == maxLeaves {
			t.more(rec, fmt.Sprintf("and %d more", len(lines)-i))
			break
		}
		t.more(rec, line)
	}
}

func (t *teller) stopped(rec journal.Record, s journal.Stop, last bool) {
	t.tell(rec, fmt.Sprintf("STOPPED (%s): %s", cmp.Or(s.Reason, "unknown"), s.Text))
	if !last {
		return
	}
	switch {
	case t.undoing:
		t.more(rec, "to go on, when what stands in the way is mended: rectify undo "+t.head.Run)
		return
	case s.Reason == "restart":
		t.more(rec, "to go on, when the machine has restarted: rectify resume "+t.head.Run)
	default:
		t.more(rec, "to go on: rectify resume "+t.head.Run)
	}
	t.more(rec, "to take back what was done: rectify undo "+t.head.Run)
}

func (t *teller) verdict(rec journal.Record, v journal.Verdict) {
	t.tell(rec, fmt.Sprintf("%s: %s", rec.Kind, cmp.Or(v.Outcome, "cannot tell")))
	for _, line := range v.Left {
		t.more(rec, "left to do: "+line)
	}
}

func (t *teller) undo(rec journal.Record, u journal.Undo) {
	what := "everything"
	if len(u.Steps) > 0 {
		what = strings.Join(u.Steps, ", ")
	}
	if rec.Kind == journal.Restored {
		t.tell(rec, "taken back: "+what)
		t.undoing = false
	} else {
		word := "begins"
		if t.undoing {
			word = "goes on"
		}
		t.open, t.undoing = nil, true
		t.tell(rec, fmt.Sprintf("taking back %s, by %s: %s", word, person(u.Who), what))
	}
	for _, line := range u.Kept {
		t.more(rec, "cannot be taken back, and stays: "+line)
	}
}
