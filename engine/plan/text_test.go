package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

var update = flag.Bool("update", false, "write the golden files anew")

// made is a plan of a problem that is there, on a running machine.
func made(steps ...*plan.Step) *plan.Plan {
	return &plan.Plan{
		Version: plan.Version, Rectify: "1.2.0", Made: time.Date(2026, 11, 22, 21, 18, 5, 0, time.UTC), Stamp: "20261122-211805", Outcome: "seen",
		Playbook: plan.Playbook{ID: "windows-update/0x8024001e", Title: "Windows Update stops with 0x8024001E"},
		Target:   plan.Target{Identity: "abc", Name: "this machine", Spec: target.Spec{Kind: target.Live}},
		Steps:    steps,
	}
}

// step makes a named step of a title and a kind.
func step(id, title, kind string, change func(*plan.Step)) *plan.Step {
	s := &plan.Step{Key: id, ID: id, Named: true, Title: title, Kind: kind, State: plan.Planned}
	if change != nil {
		change(s)
	}
	return s
}

// act makes an action with the preview of what it would do.
func act(id, title, uses, summary string, changes ...sdk.Change) *plan.Step {
	return step(id, title, "action", func(s *plan.Step) {
		s.Named = id != ""
		s.Uses, s.Risk, s.Effect, s.Interruptible = uses, sdk.RiskLow, sdk.Reversible, true
		s.Preview = &plan.Preview{Summary: summary, Changes: changes}
	})
}

func with(s *plan.Step, change func(*plan.Step)) *plan.Step {
	change(s)
	return s
}

// not makes a step that is not carried out.
func not(id, title, kind string, state plan.State, reason string) *plan.Step {
	return step(id, title, kind, func(s *plan.Step) { s.State, s.Reason = state, reason })
}

// every is a plan with every state and kind of step.
func every() *plan.Plan {
	repair := step("repair", "Repair while restarts are held back", "group", nil)
	cache := step("reset_download_cache", "Rename the SoftwareDistribution folder", "group", func(s *plan.Step) {
		s.Risk, s.OwnRisk = sdk.RiskMedium, true
		s.Loses = "What the service records and downloads between the repair and an undo (it is set aside)."
		s.Suspected = []string{"corrupt_source"}
		s.Steps = []*plan.Step{
			with(act("", "", "service.stop", "stop UsoSvc, wuauserv and BITS, and hold them",
				sdk.Change{What: "state of wuauserv", Before: "running", After: "stopped"}, sdk.Change{What: "start type of wuauserv", Before: "manual", After: "disabled"}), func(s *plan.Step) {
				s.Needs.Elevation = true
				s.Typical = schema.Span(20 * time.Second)
			}),
			act("", "", "file.rename", `rename C:\Windows\SoftwareDistribution to SoftwareDistribution.old-20261122-211805`,
				sdk.Change{What: `C:\Windows\SoftwareDistribution`, Before: "folder", After: "not there"},
				sdk.Change{What: `C:\Windows\SoftwareDistribution.old-20261122-211805`, Before: "not there", After: "the folder that was SoftwareDistribution"}),
		}
		s.Finally = []*plan.Step{with(act("", "", "service.start", "start BITS, wuauserv and UsoSvc"), func(s *plan.Step) {
			s.Preview.NoOp, s.Preview.After = true, "file.rename"
		})}
	})
	var tasks []*plan.Step
	for i, path := range []string{`\Nightly\Cleanup`, `\Vendor\Stop updates`} {
		tasks = append(tasks, with(act("disable_task", "Disable the scheduled task that stops the update", "task.disable", "disable the task "+path,
			sdk.Change{What: "task " + path, Before: "enabled", After: "disabled"}), func(s *plan.Step) {
			s.Key, s.Item = fmt.Sprintf("disable_task[%d]", i+1), json.RawMessage(fmt.Sprintf(`{"path": %q}`, path))
			s.Risk, s.OwnRisk, s.Expect = sdk.RiskMedium, true, "not task.enabled"
		}))
	}
	repair.Steps = append([]*plan.Step{act("", "", "system.block_restart", "hold restarts of the machine back")}, tasks...)
	repair.Steps = append(repair.Steps, cache,
		with(act("retry_update", "Install the update again", "update.install", "install KB5000803", sdk.Change{What: "KB5000803", After: "installed"}), func(s *plan.Step) {
			s.Risk, s.Effect, s.Interruptible, s.Typical = sdk.RiskHigh, sdk.Irreversible, false, schema.Span(40*time.Minute)
			s.Needs = sdk.Needs{Elevation: true, Network: true}
			s.Loses = "The state before the update."
		}),
		act("unpacked", "Unpack the package", "file.expand", ""),
		step("install_package", "Install each package", "action", func(s *plan.Step) {
			s.State, s.Reason, s.Uses, s.Risk, s.Effect = plan.Later, "known after step unpacked", "dism.add_package", sdk.RiskHigh, sdk.Reversible
		}),
		with(act("bound_later", "Copy what was unpacked", "file.copy", ""), func(s *plan.Step) {
			s.Unbound = []string{"from: known after step unpacked", "to: known after the run has begun"}
			s.Preview = &plan.Preview{After: "Unpack the package"}
		}),
		with(act("fails_now", "Open what was unpacked", "file.expand", ""), func(s *plan.Step) {
			s.Preview = &plan.Preview{After: "Unpack the package", Error: `C:\x.cab is not there`}
		}),
		with(act("restart_services", "Restart the update services", "service.restart", "restart wuauserv"), func(s *plan.Step) {
			s.Preview.NoOp = true
		}),
		with(act("never_seen", "Something that was not looked at", "file.copy", ""), func(s *plan.Step) {
			s.Preview, s.Item = nil, json.RawMessage(`{"a": 1}`)
		}),
		not("", "", "action", plan.NotNeeded, "nothing runs on this disk that would need it"),
	)
	repair.Steps[len(repair.Steps)-1].Uses, repair.Steps[len(repair.Steps)-1].Named = "system.clock", false
	repair.Finally = []*plan.Step{with(act("", "", "service.restore", ""), func(s *plan.Step) { s.Preview.Summary = "give every service its state back" })}

	broken := step("vendor", "The vendor's repair", "group", func(s *plan.Step) {
		s.State, s.Reason = plan.Unsupported, "vendor.mend: vendor.mend is not possible in this version"
		s.Steps = []*plan.Step{
			with(not("", "", "action", plan.Unsupported, "vendor.mend is not possible in this version"), func(s *plan.Step) { s.Uses, s.Settle = "vendor.mend", "install vendor 2.0" }),
			not("mended", "More of it", "action", plan.Unsupported, "with its group: vendor.mend: vendor.mend is not possible in this version"),
		}
	})
	undecided := step("drivers", "Put the drivers back", "group", func(s *plan.Step) {
		s.State, s.Reason = plan.Open, "`when: drivers.old` cannot be decided: the folder cannot be read (drivers)"
		s.Steps = []*plan.Step{
			not("put_back", "Put the old driver back", "action", plan.Open, s.Reason),
			not("clean_up", "Remove the new driver", "action", plan.LeftOut, "`when: drivers.new` is false"),
			not("", "", "action", plan.Open, "with its group: "+s.Reason),
		}
	})
	p := made(
		step("backup", "", "ask", func(s *plan.Step) {
			s.Text = "The operating system disk is backed up, or a snapshot of it exists."
		}),
		with(act("finish_restart", "Finish the pending restart first", "system.restart", "restart the machine"), func(s *plan.Step) {
			s.Guard, s.Risk, s.OwnRisk, s.Effect, s.Interruptible, s.Typical = true, sdk.RiskHigh, true, sdk.Restarts, false, schema.Span(5*time.Minute)
		}),
		step("idle", "Wait until no update is being installed", "wait_until", func(s *plan.Step) { s.Condition, s.Guard = "not busy.busy", true }),
		step("free_space", "Free space on the system drive", "manual", func(s *plan.Step) {
			s.Text, s.Expect = "Free at least 10 GiB on C:.", "disk.free >= inputs.min_free"
		}),
		repair, undecided, broken,
		with(not("watch_tasks", "Switch the task log on", "action", plan.Open, "`when: undetermined(causes.task)` cannot be decided: the channel is switched off (tasks)"), func(s *plan.Step) {
			s.Settle, s.Guard = "enable the channel Microsoft-Windows-TaskScheduler/Operational, and wait for the next failure", true
		}),
		not("allow_service", "Allow the Windows Update service to start", "action", plan.LeftToDo, "it is to be done on the running machine"),
		with(not("shrink", "Shrink the store", "action", plan.Refused, "the store is in use"), func(s *plan.Step) { s.Settle = "try again when no update is being installed" }),
		not("blocked_one", "Install what is missing", "action", plan.Blocked, `the guard "Switch the task log on" stands in the way`),
		not("blocked_two", "Install what else is missing", "action", plan.Blocked, `the guard "Switch the task log on" stands in the way`),
		not("check_server", "Make the WSUS server work", "manual", plan.LeftOut, "none of its causes is there: update_server"),
		not("check_network", "Make the connection steady", "manual", plan.LeftOut, "left out with --skip"),
		not("check_proxy", "Make the proxy work", "manual", plan.LeftOut, "none of its causes is there: update_server"),
	)
	p.Inputs = map[string]string{"since": "60d", "min_free": "10GiB"}
	p.Assumed = map[string]string{"scheduled_task": "confirmed", "applies": "confirmed"}
	p.Choice = plan.Choice{Only: []string{"repair", "free_space"}, Skip: []string{"check_network"}}
	p.Afterwards = []*plan.Step{
		step("enable_task", "Enable the scheduled task again", "action", func(s *plan.Step) {
			s.State, s.Reason, s.Uses, s.Risk, s.OwnRisk, s.Effect = plan.Later, "known after step disable_task", "task.enable", sdk.RiskHigh, true, sdk.Reversible
		}),
		not("tidy", "Tidy up", "action", plan.LeftOut, "`when: disk.low` is false"),
	}
	return p
}

// nested is a group in a group, and so on.
func nested(depth int) *plan.Step {
	if depth == 0 {
		return act("deep", "Deep down", "file.rename", "rename a to b", sdk.Change{What: "a", Before: "there", After: "not there"})
	}
	return step(fmt.Sprintf("level_%d", depth), "One level", "group", func(s *plan.Step) {
		s.Steps = []*plan.Step{nested(depth - 1)}
		s.Finally = []*plan.Step{act("", "", "file.copy", "copy b to c")}
	})
}

func crafted() map[string]*plan.Plan {
	const evil = "\x1b[2J\x1b]0;owned\x07 a\x00b \u009b31mred \u202egnp.exe \u2066x\u2069 \ufeffbom \x7f tab\tnew\nline\rback\u2028sep \xff\xfe \u00ad"
	idle := func(after string) *plan.Step {
		return with(act("start", "Start the service", "service.start", "start wuauserv"), func(s *plan.Step) { s.Preview.NoOp, s.Preview.After = true, after })
	}
	outcome := func(word string) *plan.Plan {
		p := made()
		p.Outcome = word
		return p
	}
	return map[string]*plan.Plan{
		"every":         every(),
		"not-seen":      outcome("not seen"),
		"was-transient": outcome("was transient"),
		"not-called-for": made(step("backup", "", "ask", func(s *plan.Step) { s.Text = "There is a backup." }),
			not("check_network", "Make the connection steady", "manual", plan.LeftOut, "none of its causes is there: network")),
		"already-so": made(idle(""), idle("Start the service")),
		"already-so-unless-brought": made(act("move", "Move a folder", "file.rename", "rename a to b", sdk.Change{What: "a", Before: "there"}, sdk.Change{What: "b", After: "there"}, sdk.Change{What: "c"}),
			idle("Move a folder")),
		"only-open": func() *plan.Plan {
			p := outcome("undetermined")
			for _, id := range []string{"one", "two"} {
				p.Steps = append(p.Steps, with(not(id, "Step "+id, "action", plan.Open, "whether this problem is there at all cannot be told"), func(s *plan.Step) {
					s.Settle = "see what the diagnosis was missing, or set a verdict: --assume CAUSE=confirmed"
				}))
			}
			return p
		}(),
		"offline-disk": func() *plan.Plan {
			p := made(not("allow_service", "Allow the service to start", "action", plan.LeftToDo, "it is to be done on the running machine"))
			p.Target = plan.Target{Name: "/mnt/disk", Spec: target.Spec{Kind: target.Offline, Root: "/mnt/disk"}}
			return p
		}(),
		"group-known-later": made(step("each_disk", "Mend each disk", "group", func(s *plan.Step) { s.State, s.Reason = plan.Later, "known after step look" })),
		"not-asked-for":     made(step("hold", "Hold", "group", func(s *plan.Step) { s.Steps = []*plan.Step{act("", "", "service.stop", "stop a")} })),
		"deep":              made(nested(9)),
		"foreign": made(step("new", "A step of another version", "dance", nil), not("gone", "A state of another version", "action", "adjourned", "who knows"),
			with(act("plain", "", "file.rename", ""), func(s *plan.Step) { s.Risk, s.Effect, s.Preview = "", "", &plan.Preview{Error: "nobody knows"} }),
			step("", "", "ask", func(s *plan.Step) { s.Named = false }), step("", "", "wait_until", func(s *plan.Step) { s.Named = false }),
			not("hollow", "A group without members", "group", plan.LeftOut, "nothing in it is to be done"),
			step("odd", "", "group", func(s *plan.Step) { s.Named = false; s.Steps = []*plan.Step{step("bare", "", "", nil)} })),
		"many-and-long": made(func() *plan.Step {
			s := act("many", strings.Repeat("Rename the folder ", 12), "file.rename", strings.Repeat(`C:\Windows\Deep\`, 15)+" "+strings.Repeat("更新プログラムの", 12))
			for i := range 70 {
				s.Preview.Changes = append(s.Preview.Changes, sdk.Change{What: fmt.Sprintf(`C:\%d`, i), Before: "folder", After: "not there"})
			}
			s.Loses = strings.Repeat("all that there is ", 1000)
			s.Expect = strings.Repeat("x", 5000)
			return s
		}()),
		"orders-to-the-terminal": func() *plan.Plan {
			s := act("a", evil, evil, evil, sdk.Change{What: evil, Before: evil, After: evil})
			s.Key, s.Risk, s.Loses, s.Suspected, s.Expect = evil, evil, evil, []string{evil}, evil
			later := act("b", "Later", "x.y", "")
			later.State, later.Reason = plan.Later, evil
			bound := act("c", "Bound", "x.y", "")
			bound.Unbound, bound.Preview, bound.Item = []string{evil}, &plan.Preview{After: evil}, json.RawMessage(evil)
			fails := act("d", "Fails", "x.y", "")
			fails.Preview = &plan.Preview{Error: evil, After: evil}
			p := made(s, later, bound, fails, step("e", "", "ask", func(s *plan.Step) { s.Text = evil }), step("f", evil, "wait_until", func(s *plan.Step) { s.Condition = evil }),
				step("g", evil, evil, nil), with(not("h", evil, "action", plan.Open, evil), func(s *plan.Step) { s.Settle = evil }), not(evil, evil, "action", plan.LeftOut, evil))
			p.Playbook = plan.Playbook{ID: evil, Title: evil}
			p.Target.Name, p.Outcome, p.Rectify = evil, evil, evil
			p.Inputs, p.Assumed, p.Choice = map[string]string{evil: evil}, map[string]string{evil: evil}, plan.Choice{Only: []string{evil}, Skip: []string{evil}}
			return p
		}(),
	}
}

func TestText(t *testing.T) {
	views := map[string]plan.View{"": {}, "-narrow": {Width: 60}}
	narrow := []string{"every", "deep", "many-and-long"} // the others are only held to their columns
	for name, p := range crafted() {
		for suffix, v := range views {
			t.Run(name+suffix, func(t *testing.T) {
				before, _ := json.Marshal(p) // fails where a text is hostile
				got := shown(t, p, v)
				if suffix == "" || slices.Contains(narrow, name) {
					golden(t, name+suffix+".txt", got)
				}
				legible(t, got, v)
				if !bytes.Equal(shown(t, p, v), got) {
					t.Error("a second time gives another text")
				}
				if after, _ := json.Marshal(p); !bytes.Equal(after, before) {
					t.Error("showing it has changed the plan")
				}
			})
		}
	}
}

func TestTextInColour(t *testing.T) {
	got := shown(t, every(), plan.View{Color: true})
	golden(t, "every-colour.txt", got)
	plain := shown(t, every(), plan.View{})
	for _, code := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m"} {
		got = bytes.ReplaceAll(got, []byte(code), nil)
	}
	if !bytes.Equal(got, plain) {
		t.Errorf("without its colours it is another text:\n%s", got)
	}
	if hostile := crafted()["orders-to-the-terminal"]; bytes.Contains(shown(t, hostile, plan.View{Color: true}), []byte("\x1b[2J")) {
		t.Error("an order of the plan's text reaches the terminal")
	}
}

func TestTextTellsWriteErrors(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "closed"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := plan.Text(f, every(), plan.View{}); err == nil {
		t.Error("writing to a closed file gives no error")
	}
}

func shown(t *testing.T, p *plan.Plan, v plan.View) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := plan.Text(&b, p, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// legible holds a text to its columns, save for a line that is one long word, and to signs that a terminal shows.
func legible(t *testing.T, text []byte, v plan.View) {
	t.Helper()
	most := v.Width
	if most == 0 {
		most = 100
	}
	if !utf8.Valid(text) || len(text) > 50_000 {
		t.Errorf("%d bytes, valid: %v", len(text), utf8.Valid(text))
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		columns := 0
		for _, r := range line {
			columns++
			if unicode.In(r, unicode.Han, unicode.Katakana, unicode.Hiragana) {
				columns++
			}
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%U in %q", r, line)
			}
		}
		if columns > most && len(strings.Fields(line)) != 1 {
			t.Errorf("%d columns: %s", columns, line)
		}
		if strings.HasSuffix(line, " ") {
			t.Errorf("blanks at the end of %q", line)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "text", name)
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
