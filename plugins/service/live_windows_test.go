package service

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

func observe(t *testing.T, name string) (StatusOutput, sdk.Answer) {
	t.Helper()
	probe, _ := Plugin().Probe("status")
	on, err := target.Open(target.Spec{Kind: target.Live})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	answer, err := probe.Observe(t.Context(), &sdk.Call{Target: on}, json.RawMessage(`{"name":"`+name+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	var out StatusOutput
	if err := json.Unmarshal(answer.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, answer
}

func TestLiveStatus(t *testing.T) {
	m := live(t)
	setUp(t, m, manual, true, "wuauserv")
	out, answer := observe(t, "WUAUSERV")
	if !out.Exists || out.State != "running" || out.StartType != "manual" || out.Binary == "" || out.Account == "" || len(answer.Evidence) < 2 {
		t.Errorf("%s %v", answer.Value, answer.Missing)
	}
	if (out.TriggerStarted == nil) != (answer.Missing["/trigger_started"] != "") {
		t.Errorf("triggers %v: %v", out.TriggerStarted, answer.Missing)
	}
	bring(t, t.Context(), m, "wuauserv", delayed, false)
	if out, answer = observe(t, "wuauserv"); out.State != "stopped" || out.StartType != "automatic_delayed" {
		t.Errorf("%s", answer.Value)
	}
	if out, answer = observe(t, "RectifyNoSuchService"); out.Exists || answer.Missing["/state"] == "" {
		t.Errorf("%s", answer.Value)
	}
	verification.Shown(t, "a running, a stopped and a missing service are told apart; a flag that cannot be read is left out with its reason", "service.status")
}

// TestLiveUpdateServices stops the services of Windows Update as the playbook does, starts them, and takes that back as the engine
// does.
func TestLiveUpdateServices(t *testing.T) {
	m := live(t)
	setUp(t, m, delayed, true, "BITS")
	setUp(t, m, manual, false, "wuauserv")
	stop := onLive(t, m, "stop", object{"names": []string{"RectifyNoSuchService", "wuauserv", "BITS"}, "hold": true})
	held := func() {
		t.Helper()
		is(t, m, "BITS", services.Stopped, 4)
		is(t, m, "wuauserv", services.Stopped, 4)
	}
	finally := func() {
		t.Helper()
		start := onLive(t, m, "start", object{"names": []string{"BITS", "wuauserv", "RectifyNoSuchService"}})
		if out := start.apply(t); !strings.Contains(out, `{"name":"RectifyNoSuchService","state":"absent"}`) {
			t.Errorf("started %s", out)
		}
		start.want(t, sdk.StateAfter)
		is(t, m, "BITS", services.Running, 2)
		is(t, m, "wuauserv", services.Running, 3)
	}
	if out := stop.apply(t); !strings.Contains(out, `{"name":"RectifyNoSuchService","state":"absent"},{"name":"wuauserv","state":"stopped"},{"name":"BITS","state":"stopped"}`) {
		t.Errorf("stopped %s", out)
	}
	stop.want(t, sdk.StateAfter)
	held()
	if err := m.Start(t.Context(), "wuauserv"); !errors.Is(err, services.ErrDisabled) || !errors.Is(err, windows.ERROR_SERVICE_DISABLED) {
		t.Errorf("a trigger would start it: %v", err)
	}
	finally()
	if entries, err := m.Ledger.Entries(); err != nil || entries.Of("BITS").Owes() || entries.Of("wuauserv").Owes() {
		t.Errorf("still owed: %+v, %v", entries, err)
	}
	if _, err := stop.scene.tryApply(); err != nil { // held still again, for the undo
		t.Fatal(err)
	}
	stop.want(t, sdk.StateAfter)
	held()
	stop.undo(t)
	stop.want(t, sdk.StateBefore)
	is(t, m, "BITS", services.Running, 2)
	is(t, m, "wuauserv", services.Stopped, 3)
	finally()
	stop.want(t, sdk.StatePartial)
	stop.undo(t)
	stop.want(t, sdk.StateBefore)
	is(t, m, "BITS", services.Running, 2)
	is(t, m, "wuauserv", services.Stopped, 3)
	if c, err := m.Configuration(t.Context(), "BITS"); err != nil || c.Start() != delayed {
		t.Errorf("BITS is started %s, %v", c.Start(), err)
	}
	verification.Shown(t, "wuauserv and BITS are held and stopped, are given back and started, and an undo leaves each as it was before; a service that does not exist is skipped and named", "service.stop", "service.start")
}

// TestLiveRestore has a run that died while it held services.
func TestLiveRestore(t *testing.T) {
	m := live(t)
	setUp(t, m, manual, true, "wuauserv")
	setUp(t, m, delayed, false, "BITS")
	onLive(t, m, "stop", object{"names": []string{"wuauserv", "BITS"}, "hold": true}).apply(t)
	is(t, m, "wuauserv", services.Stopped, 4)
	is(t, m, "BITS", services.Stopped, 4)
	restore := onLive(t, m, "restore", object{})
	restore.apply(t)
	restore.want(t, sdk.StateAfter)
	is(t, m, "wuauserv", services.Running, 3)
	is(t, m, "BITS", services.Stopped, 2)
	if c, err := m.Configuration(t.Context(), "BITS"); err != nil || c.Start() != delayed {
		t.Errorf("BITS is started %s, %v", c.Start(), err)
	}
	restore.undo(t)
	restore.want(t, sdk.StateBefore)
	is(t, m, "wuauserv", services.Running, 3)
	verification.Shown(t, "what a run that died had held is given back, and what ran is started", "service.restore")
}

func TestLiveConfigure(t *testing.T) {
	m := live(t)
	setUp(t, m, manual, false, "BITS")
	configure := onLive(t, m, "configure", object{"name": "BITS", "start_type": "automatic_delayed"})
	configure.apply(t)
	configure.want(t, sdk.StateAfter)
	is(t, m, "BITS", services.Stopped, 2)
	if c, err := m.Configuration(t.Context(), "BITS"); err != nil || c.Start() != delayed {
		t.Errorf("BITS is started %s, %v", c.Start(), err)
	}
	configure.undo(t)
	configure.want(t, sdk.StateBefore)
	is(t, m, "BITS", services.Stopped, 3)
	verification.Shown(t, "a start type is changed, with its delay, reads back in the registry, and is taken back", "service.configure")
}

func TestLiveRestart(t *testing.T) {
	m := live(t)
	const name = "RectifyRestarted"
	ownService(t, m, name, "slow")
	bring(t, t.Context(), m, name, manual, true)
	before, err := m.Status(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	began, err := m.ProcessStarted(t.Context(), before.PID)
	if err != nil {
		t.Fatal(err)
	}
	restart := onLive(t, m, "restart", object{"names": []string{name, "RectifyNoSuchService"}, "unless_restarted_since": began.Add(time.Millisecond)})
	restart.apply(t)
	restart.want(t, sdk.StateAfter)
	after, err := m.Status(t.Context(), name)
	if err != nil || after.State != services.Running || after.PID == before.PID {
		t.Errorf("it was in process %d and is %s in process %d, %v", before.PID, after.State, after.PID, err)
	}
	p, err := onLive(t, m, "restart", object{"names": []string{name}, "unless_restarted_since": began.Add(time.Millisecond)}).action.
		Prepare(t.Context(), restart.call, json.RawMessage(`{"names":["`+name+`"],"unless_restarted_since":"`+began.Add(time.Millisecond).Format(time.RFC3339Nano)+`"}`))
	if err != nil || !p.NoOp {
		t.Errorf("restarted since, and prepared again: %+v, %v", p, err)
	}
	verification.Shown(t, "a service that takes its time to stop runs in a new process; one that was restarted since a time is left alone", "service.restart")
}

func TestLiveStuck(t *testing.T) {
	m := live(t)
	const name = "RectifyStuck"
	ownService(t, m, name, "stuck")
	setUp(t, m, manual, true, "wuauserv")
	bring(t, t.Context(), m, name, manual, true)
	_, err := onLive(t, m, "stop", object{"names": []string{"wuauserv", name}, "hold": true}).tryApply(t)
	if err == nil || !strings.Contains(err.Error(), name+" was asked to be stopped and is stop_pending") {
		t.Errorf("said %v", err)
	}
	is(t, m, "wuauserv", services.Running, 3)
	is(t, m, name, services.StopPending, 3)
	if s, err := m.Status(t.Context(), name); err != nil || s.PID == 0 {
		t.Errorf("its process is %d, %v", s.PID, err)
	}
	verification.Shown(t, "a service that does not stop is not killed: the action fails, and what it had stopped is started again", "service.stop")
}

func TestLiveEnds(t *testing.T) {
	m := live(t)
	ownService(t, m, "RectifyIdle", "idle")
	ownService(t, m, "RectifyBroken", "broken")
	idle := onLive(t, m, "start", object{"names": []string{"RectifyIdle"}})
	idle.apply(t)
	idle.want(t, sdk.StateAfter)
	_, err := onLive(t, m, "start", object{"names": []string{"RectifyBroken", "wuauserv"}}).tryApply(t)
	if err == nil || !strings.Contains(err.Error(), "RectifyBroken was started and has ended with its own error 42") {
		t.Errorf("said %v", err)
	}
	is(t, m, "wuauserv", services.Running, 3)
	verification.Shown(t, "a service that ends at once because it has nothing to do is fine, one that ends with an error is told, and the others are started", "service.start")
}

// TestLiveTrigger starts a service at the instant at which it has stopped, as a trigger does.
func TestLiveTrigger(t *testing.T) {
	m := live(t)
	const name = "RectifyTriggered"
	ownService(t, m, name, "plain")
	bring(t, t.Context(), m, name, manual, true)
	var answers []error
	trigger := func(p sdk.Progress) {
		if p.Note == name+" is stopped" && len(answers) == 0 {
			answers = append(answers, m.Start(t.Context(), name))
		}
	}
	free := onLive(t, m, "stop", object{"names": []string{name}})
	free.call.Report = trigger
	if _, err := free.tryApply(t); err == nil || !strings.Contains(err.Error(), "started again at once by something else: "+name) || answers[0] != nil {
		t.Errorf("triggered (%v), it said %v", answers, err)
	}
	is(t, m, name, services.Running, 3)
	answers = nil
	held := onLive(t, m, "stop", object{"names": []string{name}, "hold": true})
	held.call.Report = trigger
	held.apply(t)
	if !errors.Is(answers[0], services.ErrDisabled) {
		t.Errorf("a trigger gave %v", answers)
	}
	is(t, m, name, services.Stopped, 4)
	held.undo(t)
	is(t, m, name, services.Running, 3)
	late := onLive(t, m, "stop", object{"names": []string{name}, "hold": true})
	raced := false
	late.call.Report = func(p sdk.Progress) { // a start that was under way when the service was disabled
		if p.Note != name+" is stopped" || raced {
			return
		}
		raced = true
		if err := errors.Join(m.SetType(t.Context(), name, services.Manual), m.Start(t.Context(), name), m.SetType(t.Context(), name, services.Disabled)); err != nil {
			t.Error(err)
		}
	}
	late.apply(t)
	late.want(t, sdk.StateAfter)
	is(t, m, name, services.Stopped, 4)
	late.undo(t)
	verification.Shown(t, "no trigger starts a held service; without hold one that is started again at once is told as a failure; one whose start was under way is stopped again", "service.stop")
}

func TestLiveDisabled(t *testing.T) {
	m := live(t)
	setUp(t, m, disabled, false, "wuauserv")
	_, err := onLive(t, m, "start", object{"names": []string{"wuauserv"}}).tryApply(t)
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || !strings.Contains(e.Message, "wuauserv") || !strings.Contains(e.Hint, "service.configure") {
		t.Errorf("said %v", err)
	}
	is(t, m, "wuauserv", services.Stopped, 4)
	verification.Shown(t, "a disabled service that is not held is not started, and named", "service.start")
}

// TestLiveOptional has optional services that refuse what this system can make them refuse.
func TestLiveOptional(t *testing.T) {
	tests := map[string]struct{ foreseen, reason string }{
		"firm":  {"the service takes no request to stop", "the service takes no request to stop"},
		"stuck": {"", "was asked to be stopped and is stop_pending"},
	}
	for behaviour, test := range tests {
		t.Run(behaviour, func(t *testing.T) {
			m := live(t)
			name := "RectifyOptional" + behaviour
			ownService(t, m, name, behaviour)
			setUp(t, m, manual, true, "wuauserv")
			bring(t, t.Context(), m, name, manual, true)
			s := onLive(t, m, "stop", object{"names": []string{name, "wuauserv"}, "hold": true, "optional": []string{name}})
			if p := s.prepare(); !strings.Contains(p.Summary, test.foreseen) || strings.Contains(p.Summary, "passed over") != (test.foreseen != "") {
				t.Errorf("prepared %s", p.Summary)
			}
			var out ServicesOutput
			if err := json.Unmarshal([]byte(s.apply(t)), &out); err != nil || len(out.Services) != 2 || !strings.Contains(out.Services[0].PassedOver, test.reason) || out.Services[1].PassedOver != "" {
				t.Errorf("stopped %+v, %v", out, err)
			}
			s.want(t, sdk.StateAfter)
			is(t, m, "wuauserv", services.Stopped, 4)
			state := services.Running
			if behaviour == "stuck" {
				state = services.StopPending
			}
			is(t, m, name, state, 3)
			if entries, err := m.Ledger.Entries(); err != nil || entries.Of(name).Owes() {
				t.Errorf("owed: %+v, %v", entries, err)
			}
			s.undo(t)
			s.want(t, sdk.StateBefore)
			is(t, m, "wuauserv", services.Running, 3)
			is(t, m, name, state, 3)
		})
	}
	t.Run("disabled", func(t *testing.T) {
		m := live(t)
		setUp(t, m, disabled, false, "BITS")
		setUp(t, m, manual, false, "wuauserv")
		s := onLive(t, m, "start", object{"names": []string{"BITS", "wuauserv"}, "optional": []string{"BITS"}})
		if out := s.apply(t); !strings.Contains(out, `{"name":"BITS","state":"stopped","passed_over":"StartService: the service is disabled"},{"name":"wuauserv","state":"running"}`) {
			t.Errorf("started %s", out)
		}
		s.want(t, sdk.StateAfter)
		is(t, m, "BITS", services.Stopped, 4)
		is(t, m, "wuauserv", services.Running, 3)
		s.undo(t)
		is(t, m, "wuauserv", services.Stopped, 3)
	})
	verification.Shown(t, "an optional service that takes no request to stop, never stops or is disabled is left with its start type and named; the others are dealt with", "service.stop", "service.start")
}

// TestLiveArticle does what the article says with Windows' own tools in turn with these actions: both see the same.
func TestLiveArticle(t *testing.T) {
	m := live(t)
	setUp(t, m, manual, false, "wuauserv")
	system := os.Getenv("SystemRoot")
	tool := func(name string, args ...string) int {
		cmd := exec.CommandContext(t.Context(), filepath.Join(system, "System32", name), args...)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode()
	}
	folder := filepath.Join(t.TempDir(), "SoftwareDistribution")
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Error(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(folder, "DataStore"), 0o777); err != nil {
		t.Fatal(err)
	}
	if code := tool("net.exe", "start", "wuauserv"); code != 0 {
		t.Fatalf("net start: %d", code)
	}
	if out, _ := observe(t, "wuauserv"); out.State != "running" {
		t.Errorf("after net start it is %s", out.State)
	}
	stop := onLive(t, m, "stop", object{"names": []string{"wuauserv"}, "hold": true})
	stop.apply(t)
	if code := tool("net.exe", "stop", "wuauserv"); code == 0 {
		t.Error("net stop stops what is stopped")
	}
	if code := tool("net.exe", "start", "wuauserv"); code == 0 {
		t.Error("net start starts what is held")
	}
	rename(folder, folder+".old")
	start := onLive(t, m, "start", object{"names": []string{"wuauserv"}})
	start.apply(t)
	if code := tool("net.exe", "stop", "wuauserv"); code != 0 {
		t.Errorf("net stop: %d", code)
	}
	if out, _ := observe(t, "wuauserv"); out.State != "stopped" {
		t.Errorf("after net stop it is %s", out.State)
	}
	rename(folder+".old", folder)
	verification.Shown(t, "net start and net stop agree with these actions, step by step through the article", "service.status", "service.stop", "service.start")
}
