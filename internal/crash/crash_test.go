package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/internal/foldermachine"
)

// quickKills is how many kills a plain `go test` does.
const quickKills = 10

// TestKilled kills rectify RECTIFY_KILLS times. What must hold: after going on the machine is exactly as after a run that
// nobody killed; after taking back it is exactly as before, and what services made themselves is set aside; no
// `finally` is owed; no action that was recorded done ran again; the journal is whole.
func TestKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are found in /proc, which this system does not have")
	}
	kills := quickKills
	if s := os.Getenv("RECTIFY_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("RECTIFY_KILLS: %v", err)
		}
		kills = n
	}
	b := measure(t)
	t.Logf("a run that nobody kills: %d records, %v", b.records, b.took.Round(time.Millisecond))
	table := &table{rows: map[string]*row{}}
	var mu sync.Mutex
	next := 0
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				enough := table.kills >= kills || t.Failed()
				mu.Unlock()
				if enough {
					return
				}
				tr := &trial{b: b, n: n, random: rand.New(rand.NewPCG(uint64(n), 1))}
				tr.run(t)
				mu.Lock()
				table.add(tr)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	fmt.Println(table)
}

// baseline is a machine before and after a run that nobody kills.
type baseline struct {
	template      foldermachine.Machine
	before, after map[string]string
	records       int // that the run appends
	took          time.Duration
}

func measure(t *testing.T) *baseline {
	t.Helper()
	dir := t.TempDir()
	template, err := foldermachine.Sample(filepath.Join(dir, "template"))
	if err != nil {
		t.Fatal(err)
	}
	b := &baseline{template: template}
	if err := template.Trigger(); err != nil {
		t.Fatal(err)
	}
	if b.before, err = template.Snapshot(); err != nil {
		t.Fatal(err)
	}
	tr := &trial{b: b, dir: dir}
	if err := tr.prepare(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	end, err := tr.act("run", kill{})
	if err != nil || end.Outcome != "fixed" || end.Stop != nil {
		t.Fatalf("a run that nobody kills: %+v, %v", end, err)
	}
	b.took = time.Since(began)
	records, err := tr.records()
	if err != nil {
		t.Fatal(err)
	}
	b.records = len(records)
	if b.after, err = tr.snapshot(); err != nil {
		t.Fatal(err)
	}
	if len(foldermachine.Diff(b.before, b.after)) == 0 {
		t.Fatal("the run changes nothing")
	}
	end, err = tr.act("undo", kill{})
	if err != nil || end.Stop != nil {
		t.Fatalf("the undo of a run that nobody kills: %+v, %v", end, err)
	}
	back, err := tr.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if diff := foldermachine.Diff(b.before, back); len(diff) > 0 {
		t.Fatalf("after the undo of a run that nobody kills:\n%s", strings.Join(diff, "\n"))
	}
	return b
}

// kill says how an act is killed.
type kill struct {
	how   string        // record, host, plugin, both; empty: it is not
	at    string        // of record: before:7
	after time.Duration // of the others
}

var hows = []string{"record", "record", "host", "plugin", "both"}

// trial is one machine on which a run is killed, and killed again while it goes on or is taken back.
type trial struct {
	b      *baseline
	n      int
	random *rand.Rand
	dir    string

	ending string // resume, undo
	hows   []string
	failed bool
}

func (tr *trial) run(t *testing.T) {
	dir, err := os.MkdirTemp("", "rectify-crash-")
	if err != nil {
		t.Error(err)
		return
	}
	tr.dir = dir
	tr.ending = []string{"resume", "undo"}[tr.random.IntN(2)]
	if err := tr.do(); err != nil {
		tr.failed = true
		t.Errorf("trial %d (kills %s, then %s; kept in %s): %v", tr.n, strings.Join(tr.hows, ", "), tr.ending, tr.dir, err)
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// do runs, kills, and ends.
func (tr *trial) do() error {
	if err := tr.prepare(); err != nil {
		return err
	}
	what := "run"
	for times := 1 + tr.random.IntN(3); times > 0; times-- {
		if err := tr.killed(what); err != nil {
			return err
		}
		if what = tr.ending; tr.ending == "resume" && tr.runs() == 0 {
			what = "run"
		}
	}
	return tr.finish()
}

// killed does an act and kills it.
func (tr *trial) killed(what string) error {
	k := kill{how: hows[tr.random.IntN(len(hows))]}
	if k.how == "record" {
		where := []string{"before", "behind"}[tr.random.IntN(2)]
		n := 1 + tr.n%tr.b.records // every record in its turn
		if what != "run" {
			n = 1 + tr.random.IntN(tr.b.records)
		}
		k.at = fmt.Sprintf("%s:%d", where, n)
	}
	k.after = time.Duration(tr.random.Int64N(int64(tr.b.took)))
	tr.hows = append(tr.hows, strings.TrimSuffix(what+" "+k.how+" "+k.at, " "))
	return tr.checked(what, k)
}

// checked does an act, and makes sure that one which goes on does not do again what the records say is done.
func (tr *trial) checked(what string, k kill) error {
	done, err := tr.done()
	if err != nil {
		return err
	}
	before, err := tr.machine().Ledger()
	if err != nil {
		return err
	}
	end, err := tr.act(what, k)
	if err != nil && k.how == "" {
		return err
	}
	if k.how == "" && end.Stop != nil {
		return fmt.Errorf("%s stopped although nobody killed it: %s", what, end.Stop.Text)
	}
	after, err := tr.machine().Ledger()
	if err != nil {
		return err
	}
	for _, e := range after[len(before):] {
		if what == "resume" && e.Call == "apply" && done[e.Key] {
			return fmt.Errorf("%s was done again, although the journal had it as done", e.Key)
		}
	}
	return nil
}

// finish ends the run, unkilled, and compares.
func (tr *trial) finish() error {
	if tr.runs() == 0 {
		if tr.ending == "undo" {
			return tr.compare(tr.b.before) // nothing was begun
		}
		if err := tr.checked("run", kill{}); err != nil {
			return err
		}
	}
	if err := tr.checked(tr.ending, kill{}); err != nil {
		return err
	}
	want := tr.b.after
	if tr.ending == "undo" {
		want = tr.b.before
	}
	if err := tr.compare(want); err != nil {
		return err
	}
	return tr.owed()
}

func (tr *trial) compare(want map[string]string) error {
	got, err := tr.snapshot()
	if err != nil {
		return err
	}
	if diff := foldermachine.Diff(want, got); len(diff) > 0 {
		for i := range diff {
			diff[i] = diff[i][:min(len(diff[i]), 200)]
		}
		return fmt.Errorf("the machine is not as it should be:\n%s", strings.Join(diff, "\n"))
	}
	return nil
}

// owed makes sure that no `finally` is owed and that the journal is whole.
func (tr *trial) owed() error {
	records, err := tr.records()
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for _, r := range records {
		switch r.Kind {
		case journal.Entered:
			open[r.Step] = true
		case journal.Closed:
			delete(open, r.Step)
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("groups that were never closed: %v", open)
	}
	store, err := journal.OpenToRead(tr.state())
	if err != nil {
		return err
	}
	defer store.Close()
	check, err := store.Verify()
	if err != nil || !check.Whole() {
		return fmt.Errorf("the journal is not whole: %+v, %v", check, err)
	}
	return nil
}

func (tr *trial) machine() foldermachine.Machine {
	return foldermachine.Machine{Dir: filepath.Join(tr.dir, "machine")}
}

func (tr *trial) state() string { return filepath.Join(tr.dir, "state") }

func (tr *trial) prepare() error {
	return os.CopyFS(tr.machine().Dir, os.DirFS(tr.b.template.Dir))
}

func (tr *trial) snapshot() (map[string]string, error) {
	if err := tr.machine().Trigger(); err != nil {
		return nil, err
	}
	return tr.machine().Snapshot()
}

// runs counts the runs in the journal.
func (tr *trial) runs() int {
	store, err := journal.OpenToRead(tr.state())
	if err != nil {
		return 0
	}
	defer store.Close()
	runs, err := store.Runs()
	if err != nil {
		return 0
	}
	return len(runs)
}

func (tr *trial) records() ([]journal.Record, error) {
	store, err := journal.OpenToRead(tr.state())
	if err != nil {
		return nil, err
	}
	defer store.Close()
	last, err := store.Find("last")
	if err != nil {
		return nil, err
	}
	return store.Records(last.ID)
}

// done gives the instances of actions that the journal has as done, by the name of their state folder, which the ledger has.
// Those of a group that was closed before it was complete may be done again: its `finally` has released them.
func (tr *trial) done() (map[string]bool, error) {
	done := map[string]bool{}
	if tr.runs() == 0 {
		return done, nil
	}
	records, err := tr.records()
	if err != nil {
		return nil, err
	}
	last := map[string]string{} // state folder of a step's last intent
	for _, r := range records {
		switch r.Kind {
		case journal.Intended:
			var i journal.Intent
			if err := json.Unmarshal(r.Data, &i); err != nil {
				return nil, err
			}
			last[r.Step] = filepath.Base(i.StateDir)
		case journal.Done:
			done[last[r.Step]] = true
		}
	}
	return done, nil
}

// act starts rectify for one act, with triggers starting services all the while, and kills it as asked. Of one that was
// killed the end is empty.
func (tr *trial) act(what string, k kill) (ending, error) {
	cmd := exec.Command(os.Args[0], "act", what, tr.machine().Dir, tr.state(), k.at)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Start(); err != nil {
		return ending{}, err
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	err := tr.wait(cmd.Process, k, over)
	var end ending
	if json.Unmarshal(out.Bytes(), &end) != nil && err == nil {
		err = fmt.Errorf("it said nothing")
	}
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", what, err, talk.String())
	}
	return end, err
}

// wait waits for a process, starts services meanwhile, and kills when the time has come.
func (tr *trial) wait(p *os.Process, k kill, over <-chan error) error {
	trigger := time.NewTicker(5 * time.Millisecond)
	defer trigger.Stop()
	var now <-chan time.Time
	if k.how != "" && k.how != "record" {
		timer := time.NewTimer(k.after)
		defer timer.Stop()
		now = timer.C
	}
	late := time.NewTimer(2 * time.Minute)
	defer late.Stop()
	for {
		select {
		case err := <-over:
			return err
		case <-trigger.C:
			if err := tr.machine().Trigger(); err != nil {
				return err
			}
		case <-now:
			if _, err := os.Stat(begun(tr.machine().Dir)); err != nil && k.how == "plugin" {
				now = time.After(2 * time.Millisecond)
				continue
			}
			if k.how == "plugin" || k.how == "both" {
				for _, child := range pluginsOf(p.Pid) {
					_ = child.Kill() // it may have ended
				}
			}
			if k.how == "host" || k.how == "both" {
				_ = p.Kill()
			}
		case <-late.C:
			_ = p.Kill()
			return fmt.Errorf("it did not end in two minutes")
		}
	}
}

// pluginsOf finds the processes of the machine's plugin that a process has started.
func pluginsOf(pid int) []*os.Process {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var found []*os.Process
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// pid (comm) state ppid …, see proc(5)
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline"))
		if err != nil || !bytes.Contains(line, []byte("serve\x00machine")) {
			continue
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(child); err == nil {
			found = append(found, p)
		}
	}
	return found
}
