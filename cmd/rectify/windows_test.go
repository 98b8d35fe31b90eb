//go:build windows

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/engine/doctor"
	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/verification"
)

// These tests run the program as it is shipped, on a Windows that they may change: the name of its file is in RECTIFY_EXE.
// wine/test runs them on Wine.

// rectifyExe is the program.
func rectifyExe(t testing.TB) string {
	t.Helper()
	exe := os.Getenv("RECTIFY_EXE")
	if exe == "" {
		t.Skip("RECTIFY_EXE names no rectify.exe: these tests change the Windows that they run on, see wine/test")
	}
	if strings.HasPrefix(exe, "/") {
		exe = `Z:` + filepath.FromSlash(exe)
	}
	return exe
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

// rectify runs the program.
func rectify(t testing.TB, args ...string) result {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, rectifyExe(t), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &stdout, &stderr, t.TempDir()
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// want fails the test unless the command ended with a code and said something.
func (r result) want(t testing.TB, code int, said ...string) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d\n%s\n%s", r.code, code, r.stdout, r.stderr)
	}
	for _, s := range said {
		if !strings.Contains(strings.Join(strings.Fields(r.stdout+r.stderr), " "), s) {
			t.Errorf("it does not say %q:\n%s\n%s", s, r.stdout, r.stderr)
		}
	}
	return r
}

// resetCache is the command that resets the cache of downloads, as it is run without a person.
func resetCache(state string, more ...string) []string {
	return append([]string{"run", "0x8024001E", "--assume", "applies=confirmed", "--assume", "corrupt_source=confirmed", "--answer", "backup=test",
		"--only", "reset_download_cache,restart_services", "--yes", "--state", state}, more...)
}

// sick is the machine before the repair: a cache of downloads, and services that run.
type sick struct {
	cache    string
	tree     map[string]string
	services map[string]standing
}

// standing is a service, as far as a repair must leave it as it was.
type standing struct {
	State services.State
	Start string
}

func newSick(t *testing.T) *sick {
	t.Helper()
	rectifyExe(t)
	s := &sick{cache: filepath.Join(os.Getenv("SystemRoot"), "SoftwareDistribution"), services: map[string]standing{}}
	for _, old := range oldCaches(t, s.cache) {
		if err := os.RemoveAll(old); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{`DataStore\DataStore.edb`: "history", `Download\abd74871\update.cab`: "half an update", "ReportingEvents.log": ""} {
		path := filepath.Join(s.cache, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"wuauserv", "BITS"} {
		// It runs already where the test before has left it so.
		_ = exec.Command(filepath.Join(os.Getenv("SystemRoot"), "System32", "net.exe"), "start", name).Run()
	}
	s.tree = files(t, s.cache)
	for name, is := range s.look(t) {
		s.services[name] = is
		if is.State != services.Running {
			t.Fatalf("%s does not run: %+v", name, is)
		}
	}
	return s
}

func (s *sick) look(t *testing.T) map[string]standing {
	t.Helper()
	m, err := services.Open()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]standing{}
	for _, name := range []string{"wuauserv", "BITS"} {
		is, err := m.Status(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		set, err := m.Configuration(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = standing{is.State, set.Start().String()}
	}
	return out
}

// unchanged fails the test when the machine is not as it was.
func (s *sick) unchanged(t *testing.T) {
	t.Helper()
	if now := files(t, s.cache); !maps.Equal(now, s.tree) {
		t.Errorf("the cache is %v, was %v", now, s.tree)
	}
	if old := oldCaches(t, s.cache); len(old) > 0 {
		t.Errorf("left behind: %v", old)
	}
	s.sameServices(t)
}

func (s *sick) sameServices(t *testing.T) {
	t.Helper()
	for name, is := range s.look(t) {
		if was := s.services[name]; is != was {
			t.Errorf("%s is %+v, was %+v", name, is, was)
		}
	}
}

// repaired fails the test unless the cache was set aside whole and the services run as before.
func (s *sick) repaired(t *testing.T) {
	t.Helper()
	old := oldCaches(t, s.cache)
	if len(old) != 1 {
		t.Fatalf("%d renamed caches: %v", len(old), old)
	}
	if is := files(t, old[0]); !maps.Equal(is, s.tree) {
		t.Errorf("the renamed cache holds %v, want %v", is, s.tree)
	}
	s.sameServices(t)
}

func oldCaches(t *testing.T, cache string) []string {
	t.Helper()
	old, err := filepath.Glob(cache + ".old-*")
	if err != nil {
		t.Fatal(err)
	}
	return old
}

// files are the texts of all files of a folder.
func files(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, root)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWindowsRepair(t *testing.T) {
	machine := newSick(t)
	state := filepath.Join(t.TempDir(), "state")
	rectify(t, resetCache(state)...).want(t, exitApproval, "nothing was changed", "--elevate")
	machine.unchanged(t)
	if strings.HasPrefix(conformance.System(), "Wine") { // which sets no access list, and says that it has
		rectify(t, resetCache(state, "--elevate")...).want(t, exitApproval, "nothing was changed", "not protected", "--accept-unprotected-state")
		machine.unchanged(t)
	}
	rights := []string{"--elevate", "--accept-unprotected-state"}
	rectify(t, resetCache(state, rights...)...).want(t, exitUndetermined, "Outcome: cannot tell")
	machine.repaired(t)
	rectify(t, "history", "show", "last", "--state", state).want(t, exitDone, "SoftwareDistribution.old-", "UsoSvc")
	rectify(t, append([]string{"undo", "last", "--state", state}, rights...)...).want(t, exitDone, "Taken back")
	machine.unchanged(t)
	rectify(t, "history", "verify", "--state", state).want(t, exitDone, "the chain is whole")
	verification.Shown(t, "run 0x8024001E stops the services, renames the cache of downloads, starts them; undo brings all of it back",
		"service.stop", "service.start", "service.restart", "service.restore", "file.rename", "update.save_history", "system.block_restart", "system.unblock_restart")
}

// TestWindowsWholeRun runs the playbook whole: what this Windows does not carry out is refused before anything is changed, and
// what cannot be read is left open.
func TestWindowsWholeRun(t *testing.T) {
	if !strings.HasPrefix(conformance.System(), "Wine") {
		t.Skip("what is refused here is what Wine does not carry out")
	}
	machine := newSick(t)
	state := filepath.Join(t.TempDir(), "state")
	whole := func(more ...string) result {
		return rectify(t, append([]string{"run", "0x8024001E", "--assume", "applies=confirmed", "--assume", "corrupt_source=confirmed", "--answer", "backup=test",
			"--yes", "--elevate", "--accept-unprotected-state", "--state", state}, more...)...)
	}
	whole().want(t, exitPlan, "nothing was changed: a step cannot be done", "watch_tasks", "EvtGetChannelConfigProperty: Call not implemented")
	machine.unchanged(t)
	whole("--skip", "watch_tasks,check_network").want(t, exitUndetermined, "Outcome: cannot tell", "Install the update again: its list is not known")
	machine.repaired(t)
	rectify(t, "undo", "last", "--state", state, "--elevate", "--accept-unprotected-state").want(t, exitDone)
	machine.unchanged(t)
}

// TestWindowsKilled kills the program in the middle of the repair, and goes on.
func TestWindowsKilled(t *testing.T) {
	for name, how := range map[string]struct {
		verb []string
		code int
		done func(*sick, *testing.T)
	}{
		"resumed": {[]string{"resume"}, exitUndetermined, (*sick).repaired},
		"undone":  {[]string{"undo", "last"}, exitDone, (*sick).unchanged},
	} {
		t.Run(name, func(t *testing.T) {
			machine, rights := killedInTheMiddle(t)
			rectify(t, append(how.verb, rights...)...).want(t, how.code)
			how.done(machine, t)
		})
	}
}

// killedInTheMiddle begins a repair and kills it when the folder has its new name. A repair that was quicker than the kill is
// no example; then it is begun anew.
func killedInTheMiddle(t *testing.T) (machine *sick, rights []string) {
	t.Helper()
	for range 5 {
		machine = newSick(t)
		state := filepath.Join(t.TempDir(), "state")
		rights = []string{"--state", state, "--elevate", "--accept-unprotected-state"}
		cmd := exec.Command(rectifyExe(t), resetCache(state, rights...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(2 * time.Minute); len(oldCaches(t, machine.cache)) == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing was renamed")
			}
		}
		killAll(t, filepath.Base(rectifyExe(t)))
		_ = cmd.Wait() // it was killed
		if list := rectify(t, "history", "list", "--state", state).want(t, exitDone); strings.Contains(list.stdout, "interrupted") {
			return machine, rights
		}
	}
	t.Fatal("five repairs were complete before they could be killed")
	return nil, nil
}

// killAll kills every process of a program: the one that asked for rights, the one that got them, its plugins.
func killAll(t *testing.T, image string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		all, err := processes.Live().List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = slices.DeleteFunc(all, func(p processes.Process) bool { return !strings.EqualFold(p.Name, image) })
		if len(all) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %v", all)
		}
		for _, p := range all {
			h, err := windows.OpenProcess(windows.PROCESS_TERMINATE, false, p.ID)
			if err != nil {
				continue // it has ended meanwhile
			}
			_ = windows.TerminateProcess(h, 1) // likewise
			_ = windows.CloseHandle(h)
		}
	}
}

// TestWindowsDiagnose looks at the running Windows: whatever cannot be read there is named, with its reason.
func TestWindowsDiagnose(t *testing.T) {
	r := rectify(t, "diagnose", "0x8024001E").want(t, exitDone, "without the rights of an administrator")
	if strings.Contains(r.stdout, "in this version") {
		t.Errorf("something cannot look at the running Windows in this version:\n%s", r.stdout)
	}
}

// TestWindowsExamples reads the sample disks; what Linux has made of them is below RECTIFY_EXPECTED.
func TestWindowsExamples(t *testing.T) {
	expected := os.Getenv("RECTIFY_EXPECTED")
	if expected == "" {
		t.Skip("RECTIFY_EXPECTED names no folder with the reports of another system: see wine/test")
	}
	hosts, err := os.ReadDir(filepath.Join("..", "..", "examples", "hosts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		if !h.IsDir() {
			continue
		}
		t.Run(h.Name(), func(t *testing.T) {
			root, err := filepath.Abs(filepath.Join("..", "..", "examples", "hosts", h.Name()))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(filepath.FromSlash(expected), h.Name()+".json"))
			if err != nil {
				t.Fatal(err)
			}
			got := rectify(t, "diagnose", "0x8024001E", "--root", root, "--format", "json").want(t, exitDone)
			if a, b := comparable(t, []byte(got.stdout)), comparable(t, want); !reflect.DeepEqual(a, b) {
				t.Errorf("the reports differ\n%s\n%s", got.stdout, want)
			}
		})
	}
}

// comparable is a report without the name of its target.
func comparable(t *testing.T, report []byte) map[string]any {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(report, &r); err != nil || len(r) < 5 {
		t.Fatalf("no report: %v\n%s", err, report)
	}
	delete(r, "target")
	return r
}

func TestWindowsDoctor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	r := rectify(t, "doctor", "--output", file)
	if r.code != exitDone && r.code != exitFound {
		t.Fatalf("exit code %d\n%s\n%s", r.code, r.stdout, r.stderr)
	}
	t.Log(r.stdout)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report doctor.Report
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	outcomes := map[conformance.Outcome]int{}
	for _, e := range report.Entries {
		outcomes[e.Outcome]++
		if e.Outcome != conformance.Works && e.Detail == "" {
			t.Errorf("%s: %s: %s, and not why", e.Suite, e.Name, e.Outcome)
		}
	}
	if outcomes[conformance.Works] < 20 || report.System != conformance.System() {
		t.Errorf("%s: %v", report.System, outcomes)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToLower(string(raw)), strings.ToLower(host)) {
		t.Errorf("the report names the machine %s", host)
	}
}

// BenchmarkWindowsStart tells how many times longer than a program that does nothing it takes to start rectify.
func BenchmarkWindowsStart(b *testing.B) {
	empty := os.Getenv("RECTIFY_EMPTY_EXE")
	if empty == "" {
		b.Skip("RECTIFY_EMPTY_EXE names no program that does nothing: see wine/test")
	}
	var ours, others time.Duration
	for b.Loop() {
		ours += took(b, rectifyExe(b), "--version")
		others += took(b, `Z:`+filepath.FromSlash(empty))
	}
	b.ReportMetric(float64(ours)/float64(others), "times-empty")
}

// BenchmarkWindowsDiagnose tells how long it takes to look at the running Windows.
func BenchmarkWindowsDiagnose(b *testing.B) {
	for b.Loop() {
		took(b, rectifyExe(b), "diagnose", "0x8024001E")
	}
}

func took(b *testing.B, exe string, args ...string) time.Duration {
	b.Helper()
	began := time.Now()
	if out, err := exec.Command(exe, args...).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return time.Since(began)
}
