package update

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/machine/agent/fakeagent"
	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/machine/agent/processes/fakeprocesses"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

func liveTarget(t testing.TB) *target.Target {
	t.Helper()
	machine, err := target.Open(target.Spec{Kind: target.Live, Now: moment(60)})
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

// remembered is a history as the agent gives it. Day 45444 is 1 June 2024.
func remembered() fakeagent.State {
	return fakeagent.State{History: []fakeagent.Entry{
		{Operation: 1, ResultCode: 1, Date: 45444.53, UpdateID: "7c1f2d2f-48b6-4d6b-8a1f-1e7b1a2c3d4e", Title: "One that waits (KB5000001)"},
		{Operation: 1, ResultCode: 4, HResult: -2145124322, UnmappedResultCode: -2146498527, Date: 45444.5, UpdateID: wanted, RevisionNumber: 200,
			Title: "2024-01 Cumulative Update for Windows 10 (KB5034441)", ClientApplicationID: "UpdateOrchestrator"},
		{Operation: 2, ResultCode: 2, Date: 45443.25, Title: "One that was removed"},
		{Operation: 1, ResultCode: 3, HResult: 0x240005, Date: 45000, Title: "An old one"},
	}}
}

func TestHistoryOfTheAgent(t *testing.T) {
	m := workshop(t, t.TempDir(), remembered())
	out, answer, err := disk.Observe[HistoryOutput](t, plugin(m), "history", liveTarget(t), `{"since":"30d"}`)
	if err != nil || answer.Partial != "" || out.Count != 3 || len(out.Sources) != 1 || out.Sources[0] != "agent" {
		t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	removed, failed, waits := out.Entries[0], out.Entries[1], out.Entries[2]
	if removed.Operation != "uninstall" || removed.Result != "succeeded" || removed.Code != nil {
		t.Errorf("%+v", removed)
	}
	if failed.Result != "failed" || failed.Code.String() != "0x8024001E" || failed.KB != "KB5034441" || failed.UpdateGUID != wanted || !failed.Time.Equal(noon) {
		t.Errorf("%+v", failed)
	}
	if waits.Result != "in_progress" || len(answer.Evidence) != 3 || !strings.Contains(answer.Evidence[1].Text, "0x800F0821") {
		t.Errorf("%+v, evidence %+v", waits, answer.Evidence)
	}
	verification.ShownByFake(t, "the agent's own history is told, with its codes, times and identities", "update.history")
	if err := m.agent.(fakeagent.Agent).Set(func(s *fakeagent.State) { s.Broken = 2 }); err != nil {
		t.Fatal(err)
	}
	if _, answer, err = disk.Observe[HistoryOutput](t, plugin(m), "history", liveTarget(t), `{}`); err != nil || !strings.Contains(answer.Partial, "2 entries") {
		t.Errorf("entries that cannot be read: %v, partial %q", err, answer.Partial)
	}
}

// TestAgentsThatRefuse has no question answered with nothing.
func TestAgentsThatRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		code int32
		want sdk.ErrorCode
		says string
	}{
		"not-implemented": {-2147467263, sdk.Unavailable, "does not implement the Windows Update agent: "},
		"denied":          {-2147024891, sdk.AccessDenied, "refuses access: "},
		"disabled":        {-2147023838, sdk.Unavailable, "the Windows Update service is disabled: "},
		"damaged":         {-2145091577, sdk.Unavailable, "0x80248"},
	} {
		t.Run(name, func(t *testing.T) {
			m := workshop(t, t.TempDir(), fakeagent.State{Refuses: map[string]int32{"*": test.code}})
			for probe, input := range map[string]string{"history": `{}`, "search": `{}`} {
				_, answer, err := disk.Observe[json.RawMessage](t, plugin(m), probe, liveTarget(t), input)
				if err == nil || sdk.AsError(err).Code != test.want || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s: %v, %s", probe, err, answer.Value)
				}
			}
		})
	}
	verification.ShownByFake(t, "an agent that refuses gives the error that it gave, and no empty answer", "update.history", "update.search")
}

func TestSearch(t *testing.T) {
	m := workshop(t, t.TempDir(), fakeagent.State{Updates: []fakeagent.Update{
		offered(nil), {UpdateID: other.UpdateID, Title: "Online", OnlineOnly: true, KBArticleIDs: []string{"2", "1"}},
		{UpdateID: guidA, Title: "Installed", IsInstalled: true}, {UpdateID: guidB, Title: "Hidden", IsHidden: true},
	}})
	out, answer, err := disk.Observe[SearchOutput](t, plugin(m), "search", liveTarget(t), `{}`)
	if err != nil || answer.Partial != "" || len(out.Updates) != 1 || len(answer.Evidence) != 1 {
		t.Fatalf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	if u := out.Updates[0]; u.UpdateGUID != wanted || u.Revision != 200 || u.KB != "KB5034441" || u.Size != 700<<20 || u.Downloaded {
		t.Errorf("%+v", u)
	}
	if out, answer, err = disk.Observe[SearchOutput](t, plugin(m), "search", liveTarget(t), `{"online":true}`); err != nil || len(out.Updates) != 2 || out.Updates[1].KB != "KB1" {
		t.Errorf("online: %v: %s", err, answer.Value)
	}
	if err := m.agent.(fakeagent.Agent).Set(func(s *fakeagent.State) { s.Warnings = []string{"0x80240032 invalid"} }); err != nil {
		t.Fatal(err)
	}
	if _, answer, err = disk.Observe[SearchOutput](t, plugin(m), "search", liveTarget(t), `{}`); err != nil || !strings.Contains(answer.Partial, "0x80240032 invalid") {
		t.Errorf("a search with errors: %v, partial %q", err, answer.Partial)
	}
	verification.ShownByFake(t, "updates that are offered are listed, installed and hidden ones are not, and a search with errors is partial", "update.search")
}

func TestBusyOfARunningWindows(t *testing.T) {
	calm := processes.Process{ID: 4, Name: "System"}
	trusted := processes.Process{ID: 7, Name: "TrustedInstaller.exe"}
	tests := map[string]struct {
		processes *fakeprocesses.System
		state     fakeagent.State
		want      string
		partial   string
	}{
		"calm":               {&fakeprocesses.System{Processes: []processes.Process{calm}}, fakeagent.State{}, "", ""},
		"tiworker":           {&fakeprocesses.System{Processes: []processes.Process{calm, {ID: 5, Name: "TIWORKER.EXE"}}}, fakeagent.State{}, "TIWORKER.EXE", ""},
		"wusa-and-dism":      {&fakeprocesses.System{Processes: []processes.Process{{ID: 5, Name: "wusa.exe"}, {ID: 6, Name: "DismHost.exe"}}}, fakeagent.State{}, "DismHost.exe wusa.exe", ""},
		"trusted-works":      {&fakeprocesses.System{Processes: []processes.Process{trusted}, Working: map[uint32]bool{7: true}}, fakeagent.State{}, trusted.Name, ""},
		"trusted-idles":      {&fakeprocesses.System{Processes: []processes.Process{trusted}}, fakeagent.State{}, "", ""},
		"trusted-not-seen":   {&fakeprocesses.System{Processes: []processes.Process{trusted}, Hidden: map[uint32]bool{7: true}}, fakeagent.State{}, trusted.Name, ""},
		"agent-installs":     {&fakeprocesses.System{Processes: []processes.Process{calm}}, fakeagent.State{IsBusy: true}, "the agent", ""},
		"no-agent":           {&fakeprocesses.System{Processes: []processes.Process{calm}}, fakeagent.State{Refuses: map[string]int32{"*": -2147467263}}, "", ""},
		"agent-fails":        {&fakeprocesses.System{Processes: []processes.Process{calm}}, fakeagent.State{Refuses: map[string]int32{"*": -2147467259}}, "", "IUpdateInstaller.get_IsBusy: 0x80004005"},
		"fails-and-tiworker": {&fakeprocesses.System{Processes: []processes.Process{{ID: 5, Name: "TiWorker.exe"}}}, fakeagent.State{Refuses: map[string]int32{"*": -2147467259}}, "TiWorker.exe", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := workshop(t, t.TempDir(), test.state)
			m.processes = test.processes
			out, answer, err := disk.Observe[BusyOutput](t, plugin(m), "busy", liveTarget(t), `{}`)
			if err != nil || out.Busy != (test.want != "") {
				t.Fatalf("%v: %s", err, answer.Value)
			}
			if got := strings.Join(out.Processes, " "); test.want != "the agent" && got != test.want || len(answer.Evidence) == 0 && out.Busy {
				t.Errorf("at work are %q, want %q; evidence %+v", got, test.want, answer.Evidence)
			}
			partial := answer.Partial
			if runtime.GOOS != "windows" { // whose registry cannot be asked here
				partial, _, _ = strings.Cut(partial, "servicing does not say")
			}
			if (strings.Trim(partial, "; ") == "") != (test.partial == "") || !strings.Contains(partial, test.partial) {
				t.Errorf("partial %q, want %q", answer.Partial, test.partial)
			}
		})
	}
	m := workshop(t, t.TempDir(), fakeagent.State{})
	m.processes = &fakeprocesses.System{Fails: errors.New("no snapshot")}
	if _, _, err := disk.Observe[BusyOutput](t, plugin(m), "busy", liveTarget(t), `{}`); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("processes that cannot be listed: %v", err)
	}
	verification.ShownByFake(t, "the programs of servicing and the installer are seen at work; an agent that is not there adds nothing", "update.busy")
}

func TestSaveHistory(t *testing.T) {
	save := func(m machine, machine *target.Target, stateDir string) (SaveHistoryOutput, error) {
		r, err := m.applySave(t.Context(), &sdk.Call{Target: machine}, SaveHistoryInput{}, saveToken{saveTokenVersion}, stateDir)
		return r.Output, err
	}
	assess := func(stateDir string, want sdk.State) {
		t.Helper()
		if a, err := assessSave(t.Context(), nil, saveToken{saveTokenVersion}, stateDir); err != nil || a.State != want {
			t.Errorf("%+v, %v, want %s", a, err, want)
		}
	}
	t.Run("agent", func(t *testing.T) {
		m, dir := workshop(t, t.TempDir(), remembered()), t.TempDir()
		p, err := m.prepareSave(t.Context(), &sdk.Call{Target: liveTarget(t)}, SaveHistoryInput{})
		if err != nil || p.NoOp || !strings.Contains(p.Summary, "4 entries") {
			t.Errorf("%+v, %v", p, err)
		}
		assess(dir, sdk.StateBefore)
		out, err := save(m, liveTarget(t), dir)
		if err != nil || out.Entries == nil || *out.Entries != 4 || out.From != "agent" {
			t.Fatalf("%+v, %v", out, err)
		}
		assess(dir, sdk.StateAfter)
		s, err := readSaved(job{dir}, savedFile)
		if err != nil || len(s.Entries) != 4 || s.Entries[1].Code.String() != "0x8024001E" || !s.Entries[1].Time.Equal(noon) || s.Entries[1].UpdateID != wanted {
			t.Errorf("%+v, %v", s, err)
		}
		// What was saved before the agent lost it stays.
		if err := m.agent.(fakeagent.Agent).Set(func(s *fakeagent.State) { s.History = nil }); err != nil {
			t.Fatal(err)
		}
		if again, err := save(m, liveTarget(t), dir); err != nil || *again.Entries != 4 {
			t.Errorf("again: %+v, %v", again, err)
		}
		for range 2 {
			if r, err := undoSave(t.Context(), nil, saveToken{saveTokenVersion}, dir); err != nil || r.Output.From != "agent" {
				t.Errorf("undo: %+v, %v", r, err)
			}
			assess(dir, sdk.StateBefore)
		}
		if _, err := os.Stat(filepath.Join(dir, keptFile)); err != nil {
			t.Errorf("the copy is not kept: %v", err)
		}
	})
	silent := fakeagent.State{Refuses: map[string]int32{"*": -2147023838}}
	t.Run("files", func(t *testing.T) {
		machine := disk.New(t, noon, map[string][]byte{
			"Windows/SoftwareDistribution/DataStore/DataStore.edb":     []byte(strings.Repeat("edb", 50_000)),
			"Windows/SoftwareDistribution/DataStore/Logs/edb00001.log": []byte("log"),
			"Windows/SoftwareDistribution/ReportingEvents.log":         []byte("events"),
			"Windows/SoftwareDistribution/Download/big.cab":            []byte("not of the history"),
		})
		m, dir := workshop(t, t.TempDir(), silent), t.TempDir()
		p, err := m.prepareSave(t.Context(), &sdk.Call{Target: machine}, SaveHistoryInput{})
		if err != nil || p.NoOp || !strings.Contains(p.Summary, "3 files") || !strings.Contains(p.Summary, "is disabled") {
			t.Errorf("%+v, %v", p, err)
		}
		out, err := save(m, machine, dir)
		if err != nil || out.Entries != nil || out.From != "files" || len(out.Files) != 3 {
			t.Fatalf("%+v, %v", out, err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, copyFolder, "DataStore.edb")); err != nil || len(text) != 150_000 {
			t.Errorf("%d bytes, %v", len(text), err)
		}
		assess(dir, sdk.StateAfter)
	})
	t.Run("nothing", func(t *testing.T) {
		machine, m, dir := disk.New(t, noon, nil), workshop(t, t.TempDir(), silent), t.TempDir()
		p, err := m.prepareSave(t.Context(), &sdk.Call{Target: machine}, SaveHistoryInput{})
		if err != nil || !p.NoOp || !strings.Contains(p.Summary, "there is no update history to save") {
			t.Errorf("%+v, %v", p, err)
		}
		if out, err := save(m, machine, dir); err != nil || out.Entries == nil || *out.Entries != 0 || out.From != "nothing" {
			t.Errorf("%+v, %v", out, err)
		}
	})
	t.Run("garbage", func(t *testing.T) {
		action, _ := Plugin().Action("save_history")
		for _, token := range []string{"null", "{}", `{"version":2}`, `{"version":"x"}`, "[]"} {
			_, err := action.Assess(t.Context(), &sdk.Call{}, json.RawMessage(token), t.TempDir())
			_, applying := action.Apply(t.Context(), &sdk.Call{}, json.RawMessage("{}"), json.RawMessage(token), t.TempDir())
			_, undoing := action.Undo(t.Context(), &sdk.Call{}, json.RawMessage(token), t.TempDir())
			for _, err := range []error{err, applying, undoing} {
				if err == nil || sdk.AsError(err).Code != sdk.InvalidInput {
					t.Errorf("%s: %v", token, err)
				}
			}
		}
	})
	verification.ShownByFake(t, "the history is saved from the agent, or else the files that hold it, before the folder is set aside", "update.save_history")
}
