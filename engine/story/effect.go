package story

import (
	"cmp"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// intended tells an effect: in one line with its outcome where that follows, else as one of which it was not written down
// how far it got. It gives the index of the next record to tell.
func (t *teller) intended(i int) int {
	rec := t.records[i]
	data, ok := decode[journal.Intent](rec)
	if !ok {
		t.raw(rec, ", damaged")
		return i + 1
	}
	t.did[rec.Step] = cmp.Or(data.Summary, data.Uses)
	if j := t.outcomeOf(i); j > 0 {
		if t.joined(rec, t.records[j], data) {
			for _, r := range t.records[i+1 : j] {
				t.joinedReading(rec, r)
			}
			t.last = t.records[j].Time.UTC()
			return j + 1
		}
	}
	t.tell(rec, fmt.Sprintf("%s%s: %s", wordsOf(data.Role).begun, attempt(data.Attempt), t.what(rec, data)))
	t.plugin(rec, data)
	t.broken(i, data)
	return i + 1
}

// broken says of an intent that its outcome does not follow.
func (t *teller) broken(i int, data journal.Intent) {
	rec := t.records[i]
	rest := t.records[i+1:]
	read := 0 // an expectation that was read may be the last thing before the end, or the first thing after it
	for read < len(rest) && rest[read].Kind == journal.Read && rest[read].Step == rec.Step {
		read++
	}
	switch {
	case len(rest) == 0:
		t.more(rec, "… nothing is recorded after this: how far it got is found by looking when the run goes on")
	case read > 0 && (read == len(rest) || rest[read].Kind != journal.Done || rest[read].Step != rec.Step):
	case rest[0].Kind != journal.Stopped:
		t.gap(rest[0])
	case data.Effect != sdk.Restarts:
		t.more(rec, "how far it got was not recorded")
	}
}

// outcomeOf is the index of the outcome of an intent that follows it, with nothing but its expectation read between
// them; 0 when there is none. One that was found by looking stands for itself: it may be of another day.
func (t *teller) outcomeOf(i int) int {
	rec := t.records[i]
	for j := i + 1; j < len(t.records); j++ {
		next := t.records[j]
		switch {
		case next.Step != rec.Step:
			return 0
		case next.Kind == journal.Read:
			continue
		case next.Kind == journal.Failed:
			return j
		case next.Kind == journal.Done, next.Kind == journal.Undone:
			if o, ok := decode[journal.Outcome](next); ok && !o.Found {
				return j
			}
		}
		return 0
	}
	return 0
}

// joined tells an intent with its outcome. It is false when that cannot be read.
func (t *teller) joined(rec, outcome journal.Record, data journal.Intent) bool {
	lasted := duration(outcome.Time.Sub(rec.Time))
	if outcome.Kind == journal.Failed {
		f, ok := decode[journal.Failure](outcome)
		if ok {
			t.failed(rec, data, f, lasted)
		}
		return ok
	}
	o, ok := decode[journal.Outcome](outcome)
	if ok {
		t.outcome(journal.Record{Time: rec.Time, Step: rec.Step, Kind: outcome.Kind}, data, o, lasted)
	}
	return ok
}

// joinedReading tells an expectation that was read between an intent and its outcome.
func (t *teller) joinedReading(rec, of journal.Record) {
	r, ok := decode[journal.Reading](of)
	if !ok {
		t.raw(of, ", damaged")
		return
	}
	t.more(rec, reading(r))
	t.leaves(rec, r)
}

// outcome tells what came of an effect.
func (t *teller) outcome(rec journal.Record, data journal.Intent, o journal.Outcome, lasted string) {
	words := wordsOf(data.Role).done
	switch {
	case rec.Kind == journal.Needless:
		words = "nothing to do"
	case rec.Kind == journal.Undone && o.Found:
		words = "nothing to take back, found by looking"
	case rec.Kind == journal.Undone:
		words = wordsOf("undo").done
	case o.Found:
		words += ", found by looking"
	}
	if data.Summary == "" && rec.Kind != journal.Undone { // that of one which is taken back says how it is now
		data.Summary = o.Summary
	}
	if lasted != "" {
		lasted = ", took " + lasted
	}
	t.tell(rec, fmt.Sprintf("%s%s: %s%s", words, attempt(cmp.Or(data.Attempt, o.Attempt)), t.what(rec, data), lasted))
	t.plugin(rec, data)
	if o.NeedsRestart {
		t.more(rec, "it is complete after a restart")
	}
}

// failed tells of an effect that is not there.
func (t *teller) failed(rec journal.Record, data journal.Intent, f journal.Failure, lasted string) {
	if lasted != "" {
		lasted = ", after " + lasted
	}
	t.tell(rec, fmt.Sprintf("%s%s: %s%s", wordsOf(cmp.Or(data.Role, f.Role)).failed, attempt(data.Attempt), t.what(rec, data), lasted))
	t.more(rec, cmp.Or(f.Message, "it does not say why"))
	t.plugin(rec, data)
	if state := map[sdk.State]string{
		sdk.StateBefore: "nothing was changed", sdk.StateAfter: "the change is there", sdk.StatePartial: "a part of it was changed", sdk.StateOther: "somebody else has changed it",
	}[f.State]; f.State != "" {
		state = cmp.Or(state, string(f.State))
		if f.Reason != "" {
			state += ": " + f.Reason
		}
		t.more(rec, "by looking: "+state)
	} else if f.Reason != "" {
		t.more(rec, "by looking: "+f.Reason)
	}
	if f.Hint != "" {
		t.more(rec, "hint: "+f.Hint)
	}
}

// what names an effect: its step, unless that is nothing but the action, and what it does.
func (t *teller) what(rec journal.Record, data journal.Intent) string {
	name, does := t.names[rec.Step], cmp.Or(data.Summary, data.Uses, t.did[rec.Step], t.uses[rec.Step])
	if name == "" && t.uses[rec.Step] == "" {
		name = cmp.Or(data.Title, rec.Step)
	}
	if name == "" || does == "" {
		return name + does
	}
	return name + ": " + does
}

// plugin names the binary of an effect that is not a part of rectify.
func (t *teller) plugin(rec journal.Record, data journal.Intent) {
	if data.Plugin.Path != "" {
		t.more(rec, fmt.Sprintf("by the plugin %s %s, %s", data.Plugin.Name, data.Plugin.Version, data.Plugin.Path))
	}
}

// words are those of a role of intents.
type words struct{ begun, done, failed string }

func wordsOf(role string) words {
	switch role {
	case "":
		return words{"begun", "done", "FAILED"}
	case "finally":
		return words{"always, begun", "always, done", "always, FAILED"}
	case "hold":
		return words{"holding still again, begun", "held still again", "NOT HELD STILL AGAIN"}
	case "undo":
		return words{"taking back, begun", "taken back", "NOT TAKEN BACK"}
	case "undo finally":
		return words{"always on undo, begun", "always on undo, done", "always on undo, FAILED"}
	}
	return words{role + ", begun", role + ", done", role + ", FAILED"}
}

func attempt(n int) string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf(" (attempt %d)", n)
}

// duration is how long an effect lasted; empty where the clock was set back.
func duration(d time.Duration) string {
	d = d.Round(100 * time.Millisecond)
	if d <= 0 {
		return ""
	}
	if d > time.Minute {
		d = d.Round(time.Second)
	}
	return schema.FormatDuration(d)
}
