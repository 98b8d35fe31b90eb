package update

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	win "golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
)

// onWine skips what looks at how Wine, whose agent carries nothing out, is dealt with.
func onWine(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(verification.System(), "Wine") {
		t.Skip("this looks at what becomes of an agent that carries nothing out, as Wine's")
	}
}

// TestAnAgentThatCarriesNothingOut has each question refused with the words of the agent, and none answered with nothing.
func TestAnAgentThatCarriesNothingOut(t *testing.T) {
	onWine(t)
	const missing = "this Windows does not implement the Windows Update agent: "
	for probe, says := range map[string]string{
		"history": missing + "IUpdateSearcher.GetTotalHistoryCount: 0x80004001 (E_NOTIMPL)",
		"search":  missing + "IUpdateSearcher.put_Online: 0x80004001 (E_NOTIMPL)",
	} {
		_, answer, err := disk.Observe[json.RawMessage](t, Plugin(), probe, liveTarget(t), `{}`)
		if err == nil || sdk.AsError(err).Code != sdk.Unavailable || err.Error() != says {
			t.Errorf("%s: %v, want %s; %s", probe, err, says, answer.Value)
		}
		verification.InPart(t, "an agent that is not implemented is told as that, with the code that it gave, and not as an empty answer", "update."+probe)
	}
	m := thisMachine()
	if _, err := m.prepareInstall(t.Context(), &sdk.Call{Target: liveTarget(t)}, InstallInput{wanted}); err == nil || sdk.AsError(err).Code != sdk.Unavailable || !strings.HasPrefix(err.Error(), missing) {
		t.Errorf("install: %v", err)
	}
	verification.InPart(t, "an installation is refused in the plan where the agent is not implemented", "update.install")
}

// TestWorkOnThisWindows has a worker find out that it cannot install, and leave behind why.
func TestWorkOnThisWindows(t *testing.T) {
	onWine(t)
	j, token := job{t.TempDir()}, installToken{installTokenVersion, wanted}
	if err := j.begin(order{Version: jobVersion, UpdateGUID: wanted}); err != nil {
		t.Fatal(err)
	}
	if err := Work(t.Context(), j.folder); err != nil {
		t.Fatal(err)
	}
	done, err := j.result()
	if err != nil || done == nil || done.Error == nil || done.Error.Code != sdk.Unavailable || !strings.Contains(done.Error.Message, "0x80004001") {
		t.Errorf("%+v, %v", done, err)
	}
	if a, err := thisMachine().assessInstall(t.Context(), &sdk.Call{}, token, j.folder); err != nil || a.State != sdk.StateBefore {
		t.Errorf("%+v, %v", a, err)
	}
	verification.InPart(t, "a worker leaves behind why it could not install, and is found to have changed nothing", "update.install")
}

// TestATaskThatCannotBeRun has the real Task Scheduler refuse to run the worker: nothing is left of it.
func TestATaskThatCannotBeRun(t *testing.T) {
	onWine(t)
	m, stateDir := thisMachine(), t.TempDir()
	m.remote = func() (bool, error) { return true, nil }
	_, err := m.applyInstall(t.Context(), &sdk.Call{}, InstallInput{wanted}, installToken{installTokenVersion, wanted}, stateDir)
	if err == nil || !strings.Contains(err.Error(), "the task that would install the update cannot be") {
		t.Errorf("%v", err)
	}
	if o, err := (job{stateDir}).order(); o != nil || err != nil {
		t.Errorf("the order is left: %+v, %v", o, err)
	}
	if _, err := tasks.Live().Task(t.Context(), taskPath(job{stateDir})); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("the task is left: %v", err)
	}
	verification.InPart(t, "a task that cannot be run leaves nothing behind: no order, no task", "update.install")
}

// program is the first argument of this test when it plays a program that runs.
const program = "run-until-stdin-ends"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == program {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

// TestBusyOfThisWindows runs a program of the name of servicing's.
func TestBusyOfThisWindows(t *testing.T) {
	observe := func() BusyOutput {
		t.Helper()
		out, answer, err := disk.Observe[BusyOutput](t, Plugin(), "busy", liveTarget(t), `{}`)
		if err != nil || answer.Partial != "" || out.Busy && len(answer.Evidence) == 0 {
			t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
		}
		return out
	}
	if out := observe(); out.Busy || len(out.Processes) != 0 {
		t.Skipf("this machine is busy: %+v", out)
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, busy := range map[string]bool{"TiWorker.exe": true, "TrustedInstaller.exe": false} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, self, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), path, program)
		stdin, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		out := observe()
		if !busy { // it has come to rest when it was seen to do nothing once
			for end := time.Now().Add(10 * time.Second); out.Busy && time.Now().Before(end); {
				out = observe()
			}
		}
		if out.Busy != busy || busy && (len(out.Processes) != 1 || out.Processes[0] != name) {
			t.Errorf("while %s runs: %+v", name, out)
		}
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if out := observe(); out.Busy {
		t.Errorf("when all have ended: %+v", out)
	}
	verification.Shown(t, "the programs of servicing are seen while they run, one that lingers only while it works, and an agent that is not there adds nothing", "update.busy")
}

// distributed makes the folder SoftwareDistribution with a folder in it, until the test ends.
func distributed(t *testing.T) string {
	t.Helper()
	store := filepath.Join(os.Getenv("SystemRoot"), "SoftwareDistribution")
	if _, err := os.Stat(store); err == nil {
		t.Fatalf("%s exists on this machine", store)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(store); err != nil {
			t.Error(err)
		}
	})
	if err := os.MkdirAll(filepath.Join(store, "DataStore"), 0o700); err != nil {
		t.Fatal(err)
	}
	return store
}

// TestHistoryWithoutTheAgent has the log of the agent read where the agent itself tells nothing, and says so.
func TestHistoryWithoutTheAgent(t *testing.T) {
	onWine(t)
	log := reporting(t, reported(183, 3, guidA, 0, "Installation Successful: x: "+title))
	if err := os.WriteFile(filepath.Join(distributed(t), "ReportingEvents.log"), log, 0o600); err != nil {
		t.Fatal(err)
	}
	out, answer, err := disk.Observe[HistoryOutput](t, Plugin(), "history", liveTarget(t), `{}`)
	if err != nil || out.Count != 1 || out.Sources[0] != "ReportingEvents.log" || out.Entries[0].UpdateGUID != guidA ||
		!strings.Contains(answer.Partial, "IUpdateSearcher.GetTotalHistoryCount: 0x80004001") {
		t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	verification.InPart(t, "where the agent tells nothing its log is read, and the answer is partial with the agent's error", "update.history")
}

func TestSaveHistoryOfThisWindows(t *testing.T) {
	onWine(t)
	machine, m := liveTarget(t), thisMachine()
	call, token := &sdk.Call{Target: machine}, saveToken{saveTokenVersion}
	if p, err := m.prepareSave(t.Context(), call, SaveHistoryInput{}); err != nil || !p.NoOp || !strings.Contains(p.Summary, "E_NOTIMPL") {
		t.Fatalf("%+v, %v", p, err)
	}
	store := distributed(t)
	path := filepath.Join(store, "DataStore", "DataStore.edb")
	if err := os.WriteFile(path, []byte("a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := win.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := win.CreateFile(name, win.GENERIC_READ|win.GENERIC_WRITE, 0, nil, win.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	stateDir := t.TempDir()
	_, err = m.applySave(t.Context(), call, SaveHistoryInput{}, token, stateDir)
	if err == nil || sdk.AsError(err).Code != sdk.Unavailable || !strings.Contains(sdk.AsError(err).Hint, "stop the service wuauserv first") {
		t.Errorf("a database that the service holds: %v", err)
	}
	if a, err := assessSave(t.Context(), call, token, stateDir); err != nil || a.State != sdk.StateBefore {
		t.Errorf("%+v, %v", a, err)
	}
	if err := win.CloseHandle(alone); err != nil {
		t.Fatal(err)
	}
	r, err := m.applySave(t.Context(), call, SaveHistoryInput{}, token, stateDir)
	if err != nil || r.Output.From != "files" || r.Output.Entries != nil || len(r.Output.Files) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if text, err := os.ReadFile(filepath.Join(stateDir, copyFolder, "DataStore.edb")); err != nil || string(text) != "a database" {
		t.Errorf("%q, %v", text, err)
	}
	verification.Shown(t, "where the agent tells nothing its database is copied, unless the service holds it, which is told; without one there is nothing to save", "update.save_history")
}
