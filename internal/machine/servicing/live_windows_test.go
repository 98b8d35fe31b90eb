package servicing_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/internal/machine/servicing/fakeservicing"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk"
)

// worker is the first argument of this test when it is started again as a worker: the folder of the job and that of the store
// of its DISM follow. A third says to die instead of ending.
const worker = "work-as-a-worker"

func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == worker {
		os.Exit(work(os.Args[2], os.Args[3], len(os.Args) > 4))
	}
	os.Exit(m.Run())
}

func work(folder, store string, dies bool) int {
	h := servicing.Live()
	d := &fakeservicing.DISM{Folder: store, Files: map[string]string{`C:\x.cab`: rollup}}
	d.Before = func() {
		time.Sleep(300 * time.Millisecond)
		if dies {
			os.Exit(9)
		}
	}
	h.DISM.Run = d
	if err := servicing.Work(context.Background(), folder, h); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func known() conformtest.Known {
	if !strings.HasPrefix(verification.System(), "Wine") {
		return nil
	}
	return conformtest.Known{
		"packages are listed, and each says the same of itself": "missing: it has not answered",
		"a package that is not there is said not to be":         "missing: it has not answered",
		"the component store says whether damage was noted":     "missing: it has not answered",
	}
}

func TestSuiteLive(t *testing.T) {
	conformtest.Run(t, servicing.Suite(servicing.DISM{Run: command.Live()}), known())
}

// TestSilentDISM holds that a dism which returns 0 and does nothing is caught, with looking as with changing.
func TestSilentDISM(t *testing.T) {
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("this Windows has a DISM that answers")
	}
	var silent *servicing.SilentError
	d := servicing.DISM{Run: command.Live()}
	for _, c := range []servicing.Change{
		{Kind: servicing.Add, Package: `C:\none.cab`}, {Kind: servicing.Remove, Identity: rollup}, {Kind: servicing.Restore},
	} {
		folder := t.TempDir()
		r, err := d.Carry(t.Context(), c, folder, func(command.Process) {})
		if err != nil {
			t.Fatal(err)
		}
		if r.Code != 0 {
			t.Errorf("%s returns %d; this Wine has another dism than was known", c.Kind, r.Code)
		}
		if err := servicing.Judge(c, r); !errors.As(err, &silent) {
			t.Errorf("%s: got %v, want a silent DISM", c.Kind, err)
		}
	}
	_, err := d.Packages(t.Context())
	if !errors.As(err, &silent) || sdk.AsError(servicing.Explain(err)).Code != sdk.Unsupported {
		t.Errorf("got %v, want a silent DISM", err)
	}
	verification.InPart(t, "a dism that returns 0, says nothing and does nothing is caught",
		"dism.packages", "dism.health", "dism.add_package", "dism.remove_package", "dism.restore_health")
}

func start(t *testing.T, more ...string) (servicing.Job, command.Process) {
	t.Helper()
	j, err := servicing.NewJob(t.TempDir(), "apply", servicing.Change{Kind: servicing.Add, Package: `C:\x.cab`})
	if err != nil {
		t.Fatal(err)
	}
	p, err := servicing.Spawn(j, append([]string{worker, j.Folder, t.TempDir()}, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return j, p
}

func await(t *testing.T, what string, is func() (bool, error)) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ok, err := is()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("20 s have passed, and not: %s", what)
		}
	}
}

// TestWorker holds that a worker is found at work and is found to have ended, by whoever looks.
func TestWorker(t *testing.T) {
	j, p := start(t)
	await(t, "the worker is at work", func() (bool, error) { return j.AtWork(command.Running) })
	w, err := j.Worker()
	if err != nil || w == nil || w.Self != p {
		t.Errorf("the worker is %+v, %v; %+v was started", w, err, p)
	}
	await(t, "there is a result", func() (bool, error) { r, err := j.Result(); return r != nil, err })
	await(t, "the worker has ended", func() (bool, error) { at, err := command.Running(p); return !at, err })
	if r, err := j.Result(); err != nil || r.Code != 0 || r.Error != "" || r.Lost {
		t.Errorf("the result is %+v, %v; it said %s", r, err, j.Complaint())
	}
	if at, err := j.AtWork(command.Running); at || err != nil {
		t.Errorf("it is at work still: %v, %v", at, err)
	}
	verification.InPart(t, "a worker in a process of its own is found at work by number and creation time, and leaves its result behind",
		"dism.add_package", "dism.remove_package", "dism.restore_health")
}

// TestWorkerDies holds that a mutex whose owner has died is free, and that the next worker does not start DISM again.
func TestWorkerDies(t *testing.T) {
	j, p := start(t, "dies")
	await(t, "the worker has died", func() (bool, error) { at, err := command.Running(p); return !at, err })
	if at, err := j.AtWork(command.Running); at || err != nil {
		t.Errorf("it is at work: %v, %v", at, err)
	}
	if r, err := j.Result(); r != nil || err != nil {
		t.Errorf("it has the result %+v, %v", r, err)
	}
	h := servicing.Live()
	h.DISM.Run = &fakeservicing.DISM{Folder: t.TempDir()}
	if err := servicing.Work(t.Context(), j.Folder, h); err != nil {
		t.Fatal(err)
	}
	if r, err := j.Result(); err != nil || r == nil || !r.Lost {
		t.Errorf("the result is %+v, %v; want a lost one", r, err)
	}
	verification.InPart(t, "a worker that died is found not to be at work, its lock is free, and its DISM is not started a second time",
		"dism.add_package", "dism.remove_package", "dism.restore_health")
}

// TestWorkersDoNotMeet holds that two processes never change the store at the same time.
func TestWorkersDoNotMeet(t *testing.T) {
	first, _ := start(t)
	await(t, "the worker is at work", func() (bool, error) { return first.AtWork(command.Running) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if release, err := servicing.Live().Lock.Acquire(ctx); !errors.Is(err, servicing.ErrBusy) {
		t.Errorf("got %v, want %v", err, servicing.ErrBusy)
		if err == nil {
			release()
		}
	}
	await(t, "there is a result", func() (bool, error) { r, err := first.Result(); return r != nil, err })
	release, err := servicing.Live().Lock.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	verification.InPart(t, "a second worker waits while one is at work: a named mutex of the machine", "dism.add_package", "dism.remove_package", "dism.restore_health")
}

func TestWorkerComplains(t *testing.T) {
	j, err := servicing.NewJob(t.TempDir(), "apply", servicing.Change{Kind: servicing.Restore})
	if err != nil {
		t.Fatal(err)
	}
	p, err := servicing.Spawn(j, worker, filepath.Join(j.Folder, "none"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the worker has ended", func() (bool, error) { at, err := command.Running(p); return !at, err })
	if text := j.Complaint(); text == "" {
		t.Error("a worker that cannot begin does not say why")
	}
}
