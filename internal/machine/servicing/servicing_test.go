package servicing_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/internal/machine/servicing/fakeservicing"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk"
)

const (
	rollup = "Package_for_RollupFix~31bf3856ad364e35~amd64~~19041.867.1.8"
	single = "Package_for_KB5000842~31bf3856ad364e35~amd64~~19041.900.1.3"
)

func newDISM(t testing.TB, health string, packages ...fakeservicing.Package) *fakeservicing.DISM {
	t.Helper()
	d := &fakeservicing.DISM{Folder: t.TempDir()}
	if err := d.Fill(health, packages...); err != nil {
		t.Fatal(err)
	}
	return d
}

var installed = fakeservicing.Package{Identity: rollup, State: "Installed", Release: "Security Update", Time: "3/15/2021 4:07 AM"}

func TestSuiteOfTheFake(t *testing.T) {
	conformtest.RunFake(t, servicing.Suite(servicing.DISM{Run: newDISM(t, fakeservicing.Sound, installed)}), nil)
}

func TestPackages(t *testing.T) {
	d := newDISM(t, fakeservicing.Sound, installed, fakeservicing.Package{Identity: single, State: "Install Pending", Release: "Hotfix"})
	got, err := servicing.DISM{Run: d, Zone: time.UTC}.Packages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []servicing.Package{
		{rollup, servicing.Installed, "security_update", time.Date(2021, 3, 15, 4, 7, 0, 0, time.UTC), "3/15/2021 4:07 AM"},
		{single, servicing.InstallPending, "hotfix", time.Time{}, ""},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestHealth(t *testing.T) {
	for sentence, want := range map[string]servicing.Health{
		fakeservicing.Sound: servicing.Healthy, fakeservicing.Repairable: servicing.Repairable, fakeservicing.Unrepairable: servicing.NotRepairable,
	} {
		got, err := servicing.DISM{Run: newDISM(t, sentence)}.Health(t.Context(), true)
		if err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", sentence, got, err, want)
		}
	}
	if got, err := (servicing.DISM{Run: newDISM(t, "All is well.")}).Health(t.Context(), false); err == nil {
		t.Errorf("a sentence that is not known is %q", got)
	}
}

// fixed answers each call with the same.
type fixed command.Result

func (f fixed) Run(context.Context, command.Program) (command.Result, error) {
	return command.Result(f), nil
}

const head = "\nDeployment Image Servicing and Management tool\nVersion: 10.0.19041.844\n\nImage Version: 10.0.19045.3570\n\n"

// TestAnswersThatAreNone holds that nothing but an answer is taken for one.
func TestAnswersThatAreNone(t *testing.T) {
	cases := map[string]command.Result{
		"nothing, and 0":           {},
		"something else, and 0":    {Output: "dism: stub\n"},
		"only the banner":          {Output: head},
		"a list that breaks off":   {Output: head + "Packages listing:\n\nPackage Identity : " + rollup + "\nState : Installed\n"},
		"a list of another sort":   {Output: head + "Features listing:\n\nThe operation completed successfully.\n"},
		"an unknown state":         {Output: head + "Packages listing:\n\nPackage Identity : " + rollup + "\nState : Fine\nRelease Type : Update\nInstall Time : \n\nThe operation completed successfully.\n"},
		"a package without state":  {Output: head + "Packages listing:\n\nPackage Identity : " + rollup + "\nRelease Type : Update\nInstall Time : \n\nThe operation completed successfully.\n"},
		"an error of DISM":         {Code: 740, Output: head + "Error: 740\n\nElevated permissions are required to run DISM.\n"},
		"an error of servicing":    {Code: 0x800f0806, Output: head + "Error: 0x800f0806\n\nThe operation could not be completed due to pending operations.\n"},
		"an error without a word":  {Code: 0xc0000005},
		"an answer about another":  {Output: head + "Package information:\n\nPackage Identity : " + single + "\nRelease Type : Update\nState : Installed\n"},
		"two states of the health": {Output: head + fakeservicing.Sound + "\n" + fakeservicing.Repairable + "\nThe operation completed successfully.\n"},
	}
	for name, result := range cases {
		t.Run(name, func(t *testing.T) {
			d := servicing.DISM{Run: fixed(result)}
			if got, err := d.Packages(t.Context()); err == nil {
				t.Errorf("it is taken for the list %v", got)
			}
			if got, err := d.Package(t.Context(), rollup); err == nil {
				t.Errorf("it is taken for the package %v", got)
			}
			if got, err := d.Health(t.Context(), false); err == nil {
				t.Errorf("it is taken for the health %v", got)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	cases := map[string]struct {
		result command.Result
		code   sdk.ErrorCode
		says   string
	}{
		"silence":      {command.Result{}, sdk.Unsupported, "said nothing"},
		"elevation":    {command.Result{Code: 740, Output: head + "Error: 740\n\nElevated permissions are required to run DISM.\nUse another prompt.\n\nThe log"}, sdk.AccessDenied, "required to run DISM. Use another prompt"},
		"no source":    {command.Result{Code: 0x800f081f, Output: head + "Error: 0x800f081f\n\nThe source files could not be found.\n\nThe log"}, sdk.Unavailable, "name a source"},
		"bad option":   {command.Result{Code: 87, Output: head + "Error: 87\n\nThe cleanup-image option is unknown.\n"}, sdk.Unsupported, "option is unknown"},
		"no such text": {command.Result{Code: 0x800f0830, Output: head}, sdk.Unavailable, "0x800F0830"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := sdk.AsError(servicing.Explain(servicing.Judge(servicing.Change{Kind: servicing.Add}, c.result)))
			if e.Code != c.code || !strings.Contains(e.Error(), c.says) {
				t.Errorf("got %s: %v; want %s with %q", e.Code, e, c.code, c.says)
			}
		})
	}
	for _, code := range []uint32{0, 3010, 1641} {
		if err := servicing.Judge(servicing.Change{Kind: servicing.Add}, command.Result{Code: code, Output: head}); err != nil {
			t.Errorf("%d is no error: %v", code, err)
		}
	}
}

func TestProgress(t *testing.T) {
	cases := map[string]int64{
		"": -1, "Version: 10.0": -1,
		"[===                         5.0%                           ] ":                  50,
		"[=====20.0%==]\n[=====                 62.3%====         ]\n":                    623,
		"[==========================100.0%==========================] \n[=== 999.0%====]": 1000,
		"[== 12,5% ]": 125, "[ 7% ]": 70,
	}
	for text, want := range cases {
		got, ok := servicing.Progress(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

// hands are those of a worker that never dies.
func hands(d *fakeservicing.DISM) servicing.Hands {
	me := command.Process{ID: 99, Created: time.Unix(1_700_000_000, 0).UTC()}
	return servicing.Hands{
		DISM: servicing.DISM{Run: d}, Lock: &fakeservicing.Lock{},
		Self:    func() (command.Process, error) { return me, nil },
		Running: func(command.Process) (bool, error) { return false, nil },
		Now:     time.Now,
	}
}

func TestWorkIsDoneOnce(t *testing.T) {
	d := newDISM(t, fakeservicing.Sound)
	d.Files = map[string]string{`C:\x.cab`: rollup}
	j, err := servicing.NewJob(t.TempDir(), "apply", servicing.Change{Kind: servicing.Add, Package: `C:\x.cab`})
	if err != nil {
		t.Fatal(err)
	}
	h := hands(d)
	for range 2 {
		if err := servicing.Work(t.Context(), j.Folder, h); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.Calls()); n != 1 {
		t.Errorf("dism was called %d times, want once: %v", n, d.Calls())
	}
	r, err := j.Result()
	if err != nil || r == nil || r.Code != 0 || r.Error != "" {
		t.Errorf("the result is %+v, %v", r, err)
	}
	text, err := j.Output()
	if at, ok := servicing.Progress(text); err != nil || !ok || at != 1000 {
		t.Errorf("the output tells progress %d, %v, %v", at, ok, err)
	}
}

// TestWorkAfterADeadWorker holds that DISM is not started a second time for one order: what the first has achieved, the store tells.
func TestWorkAfterADeadWorker(t *testing.T) {
	d := newDISM(t, fakeservicing.Sound)
	j, err := servicing.NewJob(t.TempDir(), "apply", servicing.Change{Kind: servicing.Restore})
	if err != nil {
		t.Fatal(err)
	}
	died := `{"version":1,"self":{"id":5,"created":"2026-01-01T00:00:00Z"},"dism":{"id":6,"created":"2026-01-01T00:00:01Z"}}`
	if err := os.WriteFile(filepath.Join(j.Folder, "worker.json"), []byte(died), 0o600); err != nil {
		t.Fatal(err)
	}
	h := hands(d)
	alive := 3
	h.Running = func(p command.Process) (bool, error) {
		if p.ID == 6 && alive > 0 {
			alive--
			return true, nil
		}
		return false, nil
	}
	if at, err := j.AtWork(h.Running); err != nil || !at {
		t.Errorf("its dism runs, and the job is at work: %v, %v", at, err)
	}
	if err := servicing.Work(t.Context(), j.Folder, h); err != nil {
		t.Fatal(err)
	}
	r, err := j.Result()
	if err != nil || r == nil || !r.Lost || alive != 0 || len(d.Calls()) != 0 {
		t.Errorf("the result is %+v, %v, after %d calls; dism has still %d looks to live", r, err, len(d.Calls()), alive)
	}
}

func TestWorkRefusesWhileAnotherWorks(t *testing.T) {
	d := newDISM(t, fakeservicing.Sound)
	j, err := servicing.NewJob(t.TempDir(), "apply", servicing.Change{Kind: servicing.Restore})
	if err != nil {
		t.Fatal(err)
	}
	h := hands(d)
	release, err := h.Lock.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := servicing.Work(ctx, j.Folder, h); !errors.Is(err, servicing.ErrBusy) {
		t.Errorf("got %v, want %v", err, servicing.ErrBusy)
	}
	release()
	if err := servicing.Work(t.Context(), j.Folder, h); err != nil {
		t.Error(err)
	}
}

func TestJobsAreNumbered(t *testing.T) {
	state := t.TempDir()
	for range 3 {
		if _, err := servicing.NewJob(state, "apply", servicing.Change{Kind: servicing.Restore}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := servicing.NewJob(state, "undo", servicing.Change{Kind: servicing.Restore}); err != nil {
		t.Fatal(err)
	}
	jobs, err := servicing.Jobs(state, "apply")
	if err != nil || len(jobs) != 3 || filepath.Base(jobs[2].Folder) != "apply-3" {
		t.Errorf("got %v, %v", jobs, err)
	}
	if _, err := servicing.NewJob(state, "apply", servicing.Change{Kind: servicing.Add, Package: "C:\\a\" /b"}); err == nil {
		t.Error("an argument with a quotation mark is taken")
	}
}
