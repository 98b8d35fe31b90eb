package story_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/story"
	"github.com/rectify-project/rectify/sdk"
)

var update = flag.Bool("update", false, "write the golden files anew")

var head = story.Head{
	Run: "20261122-2118-kfwz", Playbook: "windows-update/0x8024001e", Title: "Windows Update stops with 0x8024001E", Target: "this machine",
	Who: "admin on PC", Began: "2026-11-22 21:18:05 UTC", State: "ended", Outcome: "fixed",
}

var admin = journal.Person{User: "admin", Host: "PC"}

// book writes records, each at a time behind the one before.
type book struct {
	t       *testing.T
	now     time.Time
	records []journal.Record
}

func (b *book) add(after time.Duration, kind journal.Kind, step string, data any) {
	b.t.Helper()
	b.now = b.now.Add(after)
	rec := journal.Record{Sequence: int64(len(b.records) + 1), Run: head.Run, Time: b.now, Kind: kind, Step: step}
	switch raw, isRaw := data.(string); {
	case isRaw:
		rec.Data = json.RawMessage(raw)
	case data != nil:
		var err error
		if rec.Data, err = json.Marshal(data); err != nil {
			b.t.Fatal(err)
		}
	}
	b.records = append(b.records, rec)
}

const planned = `{"steps": [
	{"key": "backup", "named": true, "kind": "ask"},
	{"key": "repair", "named": true, "title": "Repair while restarts are held back", "kind": "group", "steps": [
		{"key": "2.1", "uses": "system.block_restart"},
		{"key": "disable_task[1]", "named": true, "title": "Disable the scheduled task", "uses": "task.disable"},
		{"key": "cache", "named": true, "title": "Rename the SoftwareDistribution folder", "steps": [
			{"key": "2.3.1", "uses": "service.stop"}, {"key": "2.3.2", "uses": "file.rename"}],
		 "finally": [{"key": "2.3.3", "uses": "service.start"}]}],
	 "finally": [{"key": "2.4", "title": "Let restarts through again", "uses": "system.unblock_restart"}]},
	{"key": "install", "named": true, "title": "Install the update again", "uses": "update.install"},
	{"key": "finish", "named": true, "title": "Finish the pending restart", "uses": "system.restart"}],
 "afterwards": [{"key": "enable", "named": true, "title": "Enable the task again", "uses": "task.enable"}]}`

func (b *book) start() {
	b.add(0, journal.Started, "", journal.Start{
		Playbook: head.Playbook, Title: head.Title, File: `C:\plays\a.yaml`, Source: "rectify: v1", Target: journal.Target{Identity: "abc", Name: "this machine"}, Who: admin,
		Version: "1.2.0", Command: []string{"rectify", "run", "0x8024001E", "--answer", "", "C:\\My Plays"}, Plan: json.RawMessage(planned),
	})
}

func (b *book) enter(step string) {
	b.add(100*time.Millisecond, journal.Entered, step, journal.Group{})
}

func (b *book) leave(step, reason string) {
	b.add(100*time.Millisecond, journal.Closed, step, journal.Group{Reason: reason})
}

const renames = `rename C:\Windows\SoftwareDistribution to SoftwareDistribution.old-20261122-211805`

func (b *book) intend(step, role, uses, summary string, attempt int) {
	b.add(500*time.Millisecond, journal.Intended, step, journal.Intent{Uses: uses, Summary: summary, Role: role, Attempt: attempt, Effect: sdk.Reversible, Input: json.RawMessage("{}"), Token: json.RawMessage("{}")})
}

func (b *book) do(step, role, uses, summary string, lasts time.Duration) {
	b.intend(step, role, uses, summary, 1)
	b.add(lasts, journal.Done, step, journal.Outcome{Summary: summary, Role: role, Attempt: 1})
}

// tales are runs, by the name of what is special of them.
var tales = map[string]func(*book){
	"nothing-recorded": func(*book) {},
	"happy": func(b *book) {
		b.start()
		b.add(0, journal.Assumed, "", journal.Assumption{Cause: "scheduled_task", Verdict: "confirmed", Was: "undetermined"})
		b.add(4*time.Second, journal.Answered, "backup", journal.Answer{Question: "The operating system disk is backed up.", Text: "yes, on Friday", By: "--answer"})
		b.add(3*time.Second, journal.Approved, "disable_task[1]", journal.Decision{By: "terminal", Risk: sdk.RiskMedium, Preview: "abc", Shown: []string{`disable the task \Nightly\Cleanup`, `  task \Nightly\Cleanup: enabled → disabled`}})
		b.add(time.Second, journal.Approved, "cache", journal.Decision{By: "--yes", Risk: sdk.RiskMedium, Shown: []string{"stop wuauserv", renames, "lost: what is recorded meanwhile"}})
		b.add(time.Second, journal.Declined, "install", journal.Decision{By: "terminal", Risk: sdk.RiskHigh, Preview: "0123456789abcdef"})
		b.enter("repair")
		b.do("2.1", "", "system.block_restart", "hold restarts back", 200*time.Millisecond)
		b.intend("disable_task[1]", "", "task.disable", `disable the task \Nightly\Cleanup`, 1)
		b.add(300*time.Millisecond, journal.Read, "disable_task[1]", journal.Reading{Of: "expect", Condition: "not task.enabled", Truth: "true", Leaves: []string{"task.enabled → false false"}})
		b.add(100*time.Millisecond, journal.Done, "disable_task[1]", journal.Outcome{Summary: `disable the task \Nightly\Cleanup`, NeedsRestart: true, Attempt: 1})
		b.enter("cache")
		b.add(0, journal.Needless, "2.3.1", journal.Outcome{Summary: "stop wuauserv"})
		b.do("2.3.2", "", "file.rename", renames, 20*time.Millisecond)
		b.do("2.3.3", "finally", "service.start", "start wuauserv", 72*time.Second)
		b.leave("cache", "")
		b.do("2.4", "finally", "system.unblock_restart", "let restarts through", time.Second)
		b.leave("repair", "")
		b.add(time.Second, journal.Read, "wait", journal.Reading{Of: "wait_until", Condition: "not busy.busy", Truth: "true"})
		b.add(time.Second, journal.Read, "", journal.Reading{Of: "fixed", Condition: "installed.all", Truth: "true"})
		b.add(0, journal.Read, "", journal.Reading{Of: "pending", Condition: "pending.any or pending.servicing", Truth: "undetermined", Leaves: []string{"pending.any → false false", "pending.servicing undetermined"}, Why: []string{"pending: access is denied"}})
		b.add(0, journal.Verified, "", journal.Verdict{Outcome: "cannot tell"})
		b.add(0, journal.Ended, "", journal.Verdict{Outcome: "cannot tell", Left: []string{"Allow the service to start: it is to be done on the running machine"}})
	},
	"crash-in-mid-rename": func(b *book) {
		b.start()
		b.enter("repair")
		b.enter("cache")
		b.intend("2.3.2", "", "file.rename", renames, 1)
		b.add(10*time.Hour, journal.Done, "2.3.2", journal.Outcome{Summary: renames, Found: true, Attempt: 1})
		b.do("2.3.3", "finally", "service.start", "start wuauserv", time.Second)
		b.leave("cache", "")
		b.intend("2.4", "finally", "system.unblock_restart", "let restarts through", 1)
		b.add(time.Minute, journal.Intended, "2.4", journal.Intent{Uses: "system.unblock_restart", Summary: "let restarts through", Role: "finally", Attempt: 2})
		b.add(time.Second, journal.Done, "2.4", journal.Outcome{Role: "finally", Attempt: 2})
		b.leave("repair", "interrupted")
		b.enter("repair")
		b.enter("repair")
		b.leave("repair", "")
	},
	"crash-with-an-expectation": func(b *book) {
		b.start()
		read := journal.Reading{Of: "expect", Condition: "not task.enabled", Truth: "true"}
		b.intend("disable_task[1]", "", "task.disable", "disable the task", 1) // the end comes before the reading
		b.add(time.Hour, journal.Read, "disable_task[1]", read)
		b.add(0, journal.Done, "disable_task[1]", journal.Outcome{Summary: "disable the task", Found: true, Attempt: 1})
		b.intend("disable_task[1]", "", "task.disable", "disable the task", 2) // and behind it
		b.add(time.Second, journal.Read, "disable_task[1]", read)
		b.add(time.Hour, journal.Intended, "disable_task[1]", journal.Intent{Summary: "disable the task", Attempt: 3})
	},
	"crash-at-the-end": func(b *book) {
		b.start()
		b.intend("install", "", "update.install", "install KB5000803", 1)
	},
	"failure-retry-and-undo": func(b *book) {
		b.start()
		b.enter("repair")
		b.do("2.1", "", "system.block_restart", "hold restarts back", time.Second)
		b.enter("cache")
		for n := 1; n <= 2; n++ {
			b.intend("2.3.2", "", "file.rename", renames, n)
			b.add(2*time.Second, journal.Failed, "2.3.2", journal.Failure{Message: "sharing violation", State: sdk.StateBefore, Reason: "the folder has its old name", Hint: "stop what has a file in it open"})
		}
		b.do("2.3.3", "finally", "service.start", "start wuauserv", time.Second)
		b.leave("cache", "step 2.3.2 (file.rename): sharing violation")
		b.add(time.Second, journal.Failed, "2.4", journal.Failure{Message: "an argument of system.unblock_restart is not known", Role: "finally"})
		b.leave("repair", "step 2.3.2 (file.rename): sharing violation")
		b.add(time.Second, journal.Verified, "", journal.Verdict{Outcome: "not fixed"})
		b.add(0, journal.Stopped, "", journal.Stop{Reason: "failed", Text: "step 2.3.2 (file.rename): sharing violation"})
		b.add(time.Minute, journal.Undoing, "", journal.Undo{Who: admin})
		b.add(0, journal.Entered, "repair", journal.Group{Reason: "undo"})
		b.do("2.1", "hold", "system.block_restart", "hold restarts back", time.Second)
		b.intend("2.1", "undo", "system.block_restart", "hold restarts back", 1)
		b.add(time.Second, journal.Undone, "2.1", journal.Outcome{Summary: "hold restarts back", Attempt: 1})
		b.add(time.Second, journal.Undone, "2.3.2", journal.Outcome{Summary: "it is as it was before", Found: true, Attempt: 2})
		b.do("2.4", "undo finally", "system.unblock_restart", "let restarts through", time.Second)
		b.add(0, journal.Closed, "repair", journal.Group{Reason: "undo"})
		b.add(0, journal.Restored, "", journal.Undo{Who: admin, Kept: []string{"install: install KB5000803"}})
	},
	"undo-stopped-by-another-change": func(b *book) {
		b.start()
		b.do("2.3.2", "", "file.rename", renames, time.Second)
		b.add(0, journal.Ended, "", journal.Verdict{Outcome: "fixed"})
		b.add(26*time.Hour, journal.Undoing, "", journal.Undo{Steps: []string{"cache", "disable_task[1]"}, Who: journal.Person{User: "other"}})
		b.add(time.Second, journal.Failed, "2.3.2", journal.Failure{Message: "somebody else has changed it since: the folder is gone", State: sdk.StateOther, Role: "undo", Hint: "look at it, mend it, then go on with `rectify undo`"})
		b.add(0, journal.Stopped, "", journal.Stop{Reason: "failed", Text: "step 2.3.2 (file.rename): somebody else has changed it since"})
		b.add(time.Hour, journal.Undoing, "", journal.Undo{Steps: []string{"cache", "disable_task[1]"}, Who: journal.Person{Host: "PC"}})
		b.intend("2.3.2", "undo", "file.rename", renames, 1)
		b.add(time.Second, journal.Failed, "2.3.2", journal.Failure{Message: "it cannot be taken back: access is denied", Reason: "how far it got cannot be told", Role: "undo"})
		b.add(0, journal.Stopped, "", journal.Stop{Reason: "cancelled", Text: "cancelled"})
	},
	"crash-before-an-undo": func(b *book) {
		b.start()
		b.enter("cache")
		b.intend("2.3.2", "", "file.rename", renames, 1)
		b.add(time.Hour, journal.Undoing, "", journal.Undo{})
		b.intend("2.3.2", "undo", "file.rename", renames, 1)
		b.add(time.Hour, journal.Undoing, "", journal.Undo{})
		b.add(0, journal.Restored, "", journal.Undo{})
	},
	"restart": func(b *book) {
		b.start()
		b.add(0, journal.Intended, "finish", journal.Intent{Uses: "system.restart", Summary: "restart the machine", Effect: sdk.Restarts, Attempt: 1})
		b.add(time.Second, journal.Stopped, "", journal.Stop{Reason: "restart", Text: "the run goes on after the restart"})
		b.add(4*time.Minute, journal.Done, "finish", journal.Outcome{Summary: "restart the machine", Found: true, Attempt: 1})
		b.add(time.Second, journal.Rebound, "", journal.Start{Plan: json.RawMessage(`{"steps": [{"key": "2.4", "title": "Another title now", "uses": "a.b"}]}`)})
		b.do("2.4", "finally", "system.unblock_restart", "let restarts through", time.Second)
		b.intend("install", "", "update.install", "install KB5000803", 1)
		b.add(0, journal.Stopped, "", journal.Stop{Reason: "interrupted", Text: "the operator stopped the run at once"})
		b.add(time.Second, journal.Stopped, "", journal.Stop{Reason: "approval", Text: "approval is missing: enable (Enable the task again)"})
		b.add(time.Hour, journal.Approved, "enable", journal.Decision{By: "terminal"})
		b.add(time.Second, journal.Stopped, "", journal.Stop{Reason: "restart", Text: "the run goes on after the restart"})
	},
	"stopped-for-approval": func(b *book) {
		b.start()
		b.add(time.Second, journal.Stopped, "", journal.Stop{Reason: "approval", Text: "approval is missing: install (Install the update again)"})
	},
	"stopped-at-once": func(b *book) {
		b.start()
		b.add(time.Second, journal.Stopped, "", journal.Stop{Reason: "cancelled", Text: "the operator stopped the run"})
	},
	"clock-set-back": func(b *book) {
		b.start()
		b.intend("install", "", "update.install", "install KB5000803", 1)
		b.add(-2*time.Hour, journal.Done, "install", journal.Outcome{Attempt: 1})
		b.add(time.Second, journal.Needless, "finish", journal.Outcome{})
		b.add(-time.Hour, journal.Ended, "", journal.Verdict{})
	},
	"plugin-of-a-stranger": func(b *book) {
		b.start()
		b.add(0, journal.Intended, "vendor", journal.Intent{Uses: "vendor.mend", Title: "The vendor's repair", Summary: "mend it", Plugin: journal.Plugin{Name: "vendor", Version: "2.0.1", Path: `C:\plugins\vendor.exe`}})
		b.add(90*time.Second, journal.Done, "vendor", journal.Outcome{})
	},
	"damaged": func(b *book) {
		b.add(0, journal.Kind("sang"), "a", `{"song": ["la"]}`)
		for _, kind := range []journal.Kind{journal.Started, journal.Assumed, journal.Approved, journal.Declined, journal.Answered, journal.Entered, journal.Intended, journal.Done, journal.Needless,
			journal.Failed, journal.Read, journal.Closed, journal.Rebound, journal.Stopped, journal.Verified, journal.Ended, journal.Undoing, journal.Undone, journal.Restored} {
			b.add(time.Second, kind, "a", `{"half`)
			b.add(time.Second, kind, "", `[1]`)
			b.add(time.Second, kind, "b", nil)
		}
		b.add(time.Second, journal.Started, "", `{"plan": {"steps": [{"key": "known", "title": "Known"}, 7, {"key": 8, "title": "Not"}], "afterwards": "x"}}`)
		b.add(time.Second, journal.Entered, "known", nil)
		b.intend("c", "", "", "", 1)
		b.add(time.Second, journal.Read, "c", `7`)
		b.add(time.Second, journal.Done, "c", nil)
		b.intend("d", "later role", "x.y", "", 1)
		b.add(time.Second, journal.Failed, "d", `"x"`)
		b.records = append(b.records, journal.Record{Kind: journal.Ended})
	},
	"hostile-texts": func(b *book) {
		const evil = "\x1b[2J\x1b]0;owned\x07 a\x00b \u009b31mred \u202egnp.exe \u2066x\u2069 \ufeffbom \x7f tab\tnew\nline\rback\u2028sep \u00ad"
		b.add(0, journal.Started, "", journal.Start{Playbook: evil, File: evil, Version: evil, Command: []string{evil}, Target: journal.Target{Name: evil}, Who: journal.Person{User: evil, Host: evil},
			Plan: json.RawMessage(`{"steps": [{"key": "k", "named": true, "title": "\u001b[2J\u202e"}]}`)})
		b.add(0, journal.Assumed, "", journal.Assumption{Cause: evil, Verdict: evil, Was: evil})
		b.add(0, journal.Approved, evil, journal.Decision{By: evil, Risk: evil, Shown: []string{strings.Repeat(" ", 500) + evil}})
		b.add(0, journal.Approved, "k", journal.Decision{Shown: strings.Split(strings.Repeat("line ", 100), " ")})
		b.add(0, journal.Answered, evil, journal.Answer{Question: evil, Text: evil, By: evil})
		b.add(0, journal.Entered, evil, journal.Group{Reason: evil})
		b.intend(evil, evil, evil, evil, 1)
		b.add(0, journal.Failed, evil, journal.Failure{Message: evil, State: evil, Reason: evil, Hint: evil})
		b.add(0, journal.Read, evil, journal.Reading{Of: evil, Condition: evil, Truth: evil, Leaves: []string{evil + " false"}, Why: strings.Split(strings.Repeat(evil+"|", 30), "|")})
		b.add(0, journal.Stopped, "", journal.Stop{Reason: evil, Text: strings.Repeat("so ", 100_000)})
		b.add(0, journal.Kind(evil), evil, evil)
		b.add(0, journal.Ended, "", journal.Verdict{Outcome: evil, Left: []string{evil}})
		b.add(0, journal.Restored, "", journal.Undo{Steps: []string{evil}, Kept: []string{evil}})
		for i := range 8 {
			b.enter(fmt.Sprint("deep ", i))
		}
	},
}

func TestText(t *testing.T) {
	for name, tell := range tales {
		t.Run(name, func(t *testing.T) {
			b := &book{t: t, now: time.Date(2026, 11, 22, 22, 18, 5, 0, time.FixedZone("CET", 3600))}
			tell(b)
			got := told(t, head, b.records)
			golden(t, name+".txt", got)
			legible(t, got)
			if !bytes.Equal(told(t, head, b.records), got) {
				t.Error("a second time gives another text")
			}
		})
	}
}

func TestTextOfNothing(t *testing.T) {
	if got := told(t, story.Head{}, nil); !strings.Contains(string(got), "Nothing is recorded") {
		t.Errorf("got %q", got)
	}
}

func TestTextTellsWriteErrors(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "closed"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := story.Text(f, head, nil); err == nil {
		t.Error("writing to a closed file gives no error")
	}
}

// FuzzText makes sure that no record brings the story down or reaches the terminal.
func FuzzText(f *testing.F) {
	f.Add("started", "", `{"plan": {"steps": [null]}}`, "intended", "a", `{"role": "undo"}`, "undone", "a", "")
	f.Add("entered", "a", "", "entered", "a", "{}", "closed", "a", `{"reason": "undo"}`)
	f.Add("intended", "a", "{}", "read", "a", `{"of": "expect"}`, "failed", "a", `{"state": "after"}`)
	f.Add("stopped", "", "{}", "ended", "", "null", "\x1b", "\x1b", "\x1b")
	f.Fuzz(func(t *testing.T, kind1, step1, data1, kind2, step2, data2, kind3, step3, data3 string) {
		legible(t, told(t, head, []journal.Record{
			{Kind: journal.Kind(kind1), Step: step1, Data: json.RawMessage(data1)},
			{Kind: journal.Kind(kind2), Step: step2, Data: json.RawMessage(data2), Time: time.Unix(1e9, 0)},
			{Kind: journal.Kind(kind3), Step: step3, Data: json.RawMessage(data3), Time: time.Unix(2e9, 0)},
		}))
	})
}

func told(t *testing.T, head story.Head, records []journal.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := story.Text(&b, head, records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// legible makes sure that a text holds only signs that a terminal shows, and is not endless.
func legible(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) || len(text) > 100_000 {
		t.Errorf("%d bytes, valid: %v", len(text), utf8.Valid(text))
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		for _, r := range line {
			if r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%U in %q", r, line)
			}
		}
		if strings.HasSuffix(line, " ") {
			t.Errorf("blanks at the end of %q", line)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
