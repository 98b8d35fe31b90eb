package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/execute"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/internal/foldermachine"
	"github.com/rectify-project/rectify/sdk"
)

// patient is a machine in a folder, with an engine that remedies it and a journal.
type patient struct {
	t       *testing.T
	machine foldermachine.Machine
	state   string
	engine  *Engine
	steps   string // of the playbook
}

// sick makes a machine with a problem, and a playbook with these steps.
func sick(t *testing.T, steps string) *patient {
	t.Helper()
	m, err := foldermachine.Sample(filepath.Join(t.TempDir(), "machine"))
	if err != nil {
		t.Fatal(err)
	}
	return &patient{t, m, t.TempDir(), engineWith(t, foldermachine.Plugin()), steps}
}

func engineWith(t *testing.T, plugins ...sdk.Plugin) *Engine {
	t.Helper()
	e, err := New(Options{Linked: append(plugins, system()), ServeArgs: func(name string) []string { return []string{"plugin", "serve", name} }, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func (p *patient) playbook() *check.Playbook {
	p.t.Helper()
	found, list := p.engine.Load(p.t.Context(), "p.yaml", []byte(`rectify: v1
id: test/p
title: The machine is sick
summary: It is.
codes: [0x8024001E]
probes:
  problem: {uses: machine.problem}
  tasks: {uses: machine.tasks}
  fixed: {uses: machine.fixed}
  pending: {uses: machine.pending}
  log: {uses: machine.files, with: {path: files/log}}
let:
  active: filter(tasks.tasks, .enabled)
applies:
  when: problem.present
causes:
  sick:
    title: It is sick
    when: problem.present
steps:
`+p.steps+`
verify:
  fixed: fixed.all
  pending: pending.any
escalate:
  say: Call somebody.
`))
	if found == nil {
		p.t.Fatal(list)
	}
	return found
}

func (p *patient) plan(c plan.Choice) (*Planning, *Session) {
	p.t.Helper()
	s, err := p.engine.Open(p.t.Context(), Where{Root: p.machine.Dir, Record: true})
	if err != nil {
		p.t.Fatal(err)
	}
	pl, err := p.engine.Plan(p.t.Context(), p.playbook(), s, Wish{Choice: c})
	if err != nil {
		p.t.Fatal(err)
	}
	return pl, s
}

func (p *patient) store() *journal.Store {
	p.t.Helper()
	s, err := journal.Open(p.state)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = s.Close() })
	return s
}

var everything = execute.Policy{Yes: true, MaxRisk: sdk.RiskHigh, AllowFinal: []string{"again"}}

func (p *patient) run(store *journal.Store) (string, execute.Result) {
	p.t.Helper()
	pl, s := p.plan(plan.Choice{})
	run, result, err := p.engine.Carry(p.t.Context(), pl, s, Remedy{Store: store, Operator: everything})
	if err != nil {
		p.t.Fatal(err)
	}
	return run, result
}

const disableTasks = `  - id: quiet
    for: [sick]
    each: ${{ active }}
    uses: machine.task_disable
    with: {name: '${{ each.name }}'}
  - id: note
    uses: machine.write
    with: {path: files/log/done.txt, text: done}
`

func TestSavedPlanHolds(t *testing.T) {
	p := sick(t, disableTasks)
	pl, _ := p.plan(plan.Choice{})
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := pl.Plan.Save(file); err != nil {
		t.Fatal(err)
	}
	// What moves by itself: a gigabyte that was written, and other files.
	big := filepath.Join(p.machine.Dir, "Windows", "big.log")
	if err := errors.Join(os.WriteFile(big, nil, 0o600), os.Truncate(big, 1<<30), p.machine.WriteFile("files/log/events.txt", "one more event")); err != nil {
		t.Fatal(err)
	}
	saved, err := plan.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.engine.Open(t.Context(), Where{Root: p.machine.Dir, Record: true})
	if err != nil {
		t.Fatal(err)
	}
	again, differences, err := p.engine.Again(t.Context(), p.playbook(), s, saved, false)
	if err != nil || len(differences) > 0 || again.Plan.Fingerprint != saved.Fingerprint {
		t.Errorf("what moves by itself refuses the plan: %v, %v", differences, err)
	}
	// The definition of the culprit's task.
	tasks, err := p.machine.Tasks()
	if err != nil {
		t.Fatal(err)
	}
	culprit := tasks["nightly"]
	culprit.Command = "format.exe c:"
	if err := p.machine.SetTask("nightly", culprit); err != nil {
		t.Fatal(err)
	}
	_, differences, err = p.engine.Again(t.Context(), p.playbook(), s2(t, p), saved, false)
	if err != nil || len(differences) == 0 {
		t.Fatalf("an edited task is taken for the one that was planned for: %v", err)
	}
	told := ""
	for _, d := range differences {
		told += d.String() + "\n"
	}
	if !strings.Contains(told, "quiet[1]") || !strings.Contains(told, "format.exe") || !strings.Contains(told, "cleanup.exe") {
		t.Errorf("the difference is told as\n%s", told)
	}
}

// s2 opens the patient once more, to record anew.
func s2(t *testing.T, p *patient) *Session {
	t.Helper()
	s, err := p.engine.Open(t.Context(), Where{Root: p.machine.Dir, Record: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFailures has actions that do not do what they should. Each stops the run, with its reason; the `finally` runs, and
// undo takes back what there is.
func TestFailures(t *testing.T) {
	group := func(step string) string {
		return `  - id: group
    risk: low
    steps:
      - uses: machine.service_stop
        with: {names: [updater], hold: true}
      - id: first
        uses: machine.write
        with: {path: files/log/first.txt, text: first}
      - id: odd
` + step + `
    finally:
      - uses: machine.service_start
        with: {names: [updater]}
  - id: behind
    uses: machine.write
    with: {path: files/log/behind.txt, text: behind}
`
	}
	tests := map[string]struct{ step, want string }{
		"says-ok-and-does-nothing":    {"        uses: machine.liar\n        with: {name: a}", "reading back shows otherwise"},
		"never-ends":                  {"        uses: machine.hang\n        timeout: 1s", "did not end within 1s"},
		"fails":                       {"        uses: machine.flaky\n        with: {name: a, fail_times: 9}", "machine.flaky"},
		"fails-more-often-than-tried": {"        uses: machine.flaky\n        with: {name: a, fail_times: 3}\n        retry: 2", ""},
		"is-not-as-expected":          {"        uses: machine.write\n        with: {path: files/log/x.txt, text: x}\n        expect: '\"y.txt\" in log.names'", "what is expected of it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := sick(t, group(test.step))
			before := snapshot(t, p.machine)
			store := p.store()
			run, result := p.run(store)
			if result.Stop == nil || result.Stop.Reason != "failed" || !strings.Contains(result.Stop.Text, test.want) {
				t.Errorf("got %+v, want %q", result.Stop, test.want)
			}
			if result.Say != "Call somebody." {
				t.Errorf("it says %q", result.Say)
			}
			if s, err := p.machine.Service("updater"); err != nil || s.State != foldermachine.Running || s.StartType == foldermachine.Disabled {
				t.Errorf("the finally did not run: %+v, %v", s, err)
			}
			if _, err := os.Stat(filepath.Join(p.machine.Dir, "files", "log", "behind.txt")); err == nil {
				t.Error("the run went on behind the failure")
			}
			if _, _, err := p.engine.TakeBack(t.Context(), Remedy{Store: store}, run, nil, nil); err != nil {
				t.Fatal(err)
			}
			if diff := foldermachine.Diff(before, snapshot(t, p.machine)); len(diff) > 0 {
				t.Errorf("after undo:\n%s", strings.Join(diff, "\n"))
			}
		})
	}
}

func snapshot(t *testing.T, m foldermachine.Machine) map[string]string {
	t.Helper()
	if err := m.Trigger(); err != nil {
		t.Fatal(err)
	}
	s, err := m.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRestart has a restart in mid run: the run stops there, goes on after it, and not before.
func TestRestart(t *testing.T) {
	p := sick(t, `  - id: again
    loses: Nothing.
    uses: machine.restart
    with: {reason: test}
  - id: cure
    uses: machine.write
    with: {path: files/log/repaired.txt, text: cured}
`)
	store := p.store()
	run, result := p.run(store)
	if result.Stop == nil || result.Stop.Reason != "restart" {
		t.Fatalf("got %+v", result)
	}
	remedy := Remedy{Store: store, Operator: execute.Policy{}} // approvals of before stand
	if _, result, err := p.engine.Resume(t.Context(), remedy, run); err != nil || result.Stop == nil || result.Stop.Reason != "restart" {
		t.Fatalf("before the restart: %+v, %v", result.Stop, err)
	}
	if err := p.machine.Boot(); err != nil {
		t.Fatal(err)
	}
	remedy.Operator = everything
	_, result, err := p.engine.Resume(t.Context(), remedy, run)
	if err != nil || result.Stop != nil || result.Outcome != execute.FixedAfterRestart {
		t.Fatalf("after the restart: %+v, %v", result, err)
	}
	if _, _, err := p.engine.Resume(t.Context(), remedy, run); !errors.Is(err, ErrFinished) {
		t.Errorf("a run that is complete: %v", err)
	}
}

// TestRefusedUndo has what keeps an undo from being begun.
func TestRefusedUndo(t *testing.T) {
	p := sick(t, disableTasks)
	store := p.store()
	run, result := p.run(store)
	if result.Stop != nil {
		t.Fatalf("got %+v", result.Stop)
	}
	done := snapshot(t, p.machine)
	tests := map[string]struct {
		engine *Engine
		move   bool
		want   string
	}{
		"plugin-gone": {engineWith(t), false, `the plugin machine 1.0.0`},
		"disk-moved":  {p.engine, true, "cannot be opened"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.move {
				aside := p.machine.Dir + "-moved"
				if err := os.Rename(p.machine.Dir, aside); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := os.Rename(aside, p.machine.Dir); err != nil {
						t.Fatal(err)
					}
				}()
			}
			_, _, err := test.engine.TakeBack(context.WithoutCancel(t.Context()), Remedy{Store: store}, run, nil, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if diff := foldermachine.Diff(done, snapshot(t, p.machine)); len(diff) > 0 {
		t.Errorf("a refused undo changed:\n%s", strings.Join(diff, "\n"))
	}
	// Somebody else has changed the last thing: undo stops there, and goes on when it is mended.
	if err := p.machine.WriteFile("files/log/done.txt", "mine"); err != nil {
		t.Fatal(err)
	}
	_, undo, err := p.engine.TakeBack(t.Context(), Remedy{Store: store}, run, nil, nil)
	if err != nil || undo.Stop == nil || !strings.Contains(undo.Stop.Text, "somebody else has changed it since") {
		t.Fatalf("got %+v, %v", undo, err)
	}
	if err := p.machine.WriteFile("files/log/done.txt", "done"); err != nil {
		t.Fatal(err)
	}
	if _, undo, err = p.engine.TakeBack(t.Context(), Remedy{Store: store}, run, nil, nil); err != nil || undo.Stop != nil {
		t.Fatalf("got %+v, %v", undo, err)
	}
	if _, _, err := p.engine.TakeBack(t.Context(), Remedy{Store: store}, run, nil, nil); !errors.Is(err, execute.ErrNothing) {
		t.Errorf("undo of a run that was undone: %v", err)
	}
}

// TestTwoAtOnce has a run that is being gone on with: a second resume, an undo and a new run are refused.
func TestTwoAtOnce(t *testing.T) {
	p := sick(t, `  - id: odd
    uses: machine.flaky
    with: {name: a, fail_times: 1}
`)
	store := p.store()
	run, result := p.run(store)
	if result.Stop == nil {
		t.Fatal("the run did not stop")
	}
	held, err := store.Continue(run)
	if err != nil {
		t.Fatal(err)
	}
	var busy *journal.BusyError
	if _, _, err := p.engine.Resume(t.Context(), Remedy{Store: store, Operator: everything}, run); !errors.As(err, &busy) || busy.Run != run {
		t.Errorf("a second resume: %v", err)
	}
	if _, _, err := p.engine.TakeBack(t.Context(), Remedy{Store: store}, run, nil, nil); !errors.As(err, &busy) {
		t.Errorf("an undo meanwhile: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	pl, s := p.plan(plan.Choice{})
	var unfinished *journal.UnfinishedError
	if _, _, err := p.engine.Carry(t.Context(), pl, s, Remedy{Store: store, Operator: everything}); !errors.As(err, &unfinished) {
		t.Errorf("a new run over a stopped one: %v", err)
	}
	if _, result, err := p.engine.Resume(t.Context(), Remedy{Store: store, Operator: everything}, run); err != nil || result.Stop != nil {
		t.Errorf("resume: %+v, %v", result.Stop, err)
	}
}
