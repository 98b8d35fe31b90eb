package update

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/agent/fakeagent"
	"github.com/rectify-project/rectify/internal/machine/agent/processes/fakeprocesses"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

const wanted = "6b0e1c1e-37a5-4c5a-9f0e-0d6a0f1b2c3d"

// offered is an update as the agent offers it.
func offered(change func(*fakeagent.Update)) fakeagent.Update {
	u := fakeagent.Update{UpdateID: wanted, RevisionNumber: 200, Title: "2024-01 Cumulative Update for Windows 10 (KB5034441)", KBArticleIDs: []string{"5034441"}, EulaAccepted: true, MaxSize: 700 << 20}
	if change != nil {
		change(&u)
	}
	return u
}

// other is an update that nobody asks for.
var other = fakeagent.Update{UpdateID: "7c1f2d2f-48b6-4d6b-8a1f-1e7b1a2c3d4e", RevisionNumber: 1, Title: "Another one"}

// workshop is a machine with a fake agent, that lives in a folder.
func workshop(t testing.TB, folder string, s fakeagent.State) machine {
	t.Helper()
	a, err := fakeagent.New(folder, s)
	if err != nil {
		t.Fatal(err)
	}
	return machine{
		agent: a, processes: &fakeprocesses.System{}, pause: 5 * time.Millisecond,
		remote: func() (bool, error) { return false, nil }, executable: func() (string, error) { return `C:\Program Files\Rectify\rectify.exe`, nil },
	}
}

func state(t testing.TB, m machine) fakeagent.State {
	t.Helper()
	s, err := m.agent.(fakeagent.Agent).State()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInstallKeepsItsPromises(t *testing.T) {
	tests := map[string]struct {
		update fakeagent.Update
		noOp   bool
		input  any
		want   sdk.ErrorCode
	}{
		"offered":          {update: offered(nil)},
		"downloaded":       {update: offered(func(u *fakeagent.Update) { u.IsDownloaded = true })},
		"found-online":     {update: offered(func(u *fakeagent.Update) { u.OnlineOnly = true })},
		"hidden":           {update: offered(func(u *fakeagent.Update) { u.IsHidden = true })},
		"licence-terms":    {update: offered(func(u *fakeagent.Update) { u.EulaAccepted = false })},
		"needs-a-restart":  {update: offered(func(u *fakeagent.Update) { u.NeedsRestart = true })},
		"installed":        {update: offered(func(u *fakeagent.Update) { u.IsInstalled = true }), noOp: true},
		"waits-to-restart": {update: offered(func(u *fakeagent.Update) { u.RebootRequired = true }), noOp: true},
		"no-identity":      {update: offered(nil), input: map[string]any{"update_guid": "x' or 'a'='a"}, want: sdk.InvalidInput},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			// The folder of the scene is the agent's: the plugin is told anew with each.
			at := &struct{ machine }{}
			p := plugin(machine{
				agent: follower{at}, pause: time.Millisecond,
				remote: func() (bool, error) { return false, nil },
			})
			plugintest.Action(t, p, plugintest.ActionCase{
				Action: "install", NoOp: test.noOp, Refuses: test.want,
				Scene: func(t testing.TB) plugintest.Scene {
					folder := t.TempDir()
					at.machine = workshop(t, folder, fakeagent.State{Updates: []fakeagent.Update{other, test.update}})
					input := test.input
					if input == nil {
						input = map[string]any{"update_guid": wanted}
					}
					return plugintest.Scene{Target: target.Spec{Kind: target.Live}, Folder: folder, Input: input}
				},
			})
		})
	}
	verification.ShownByFake(t, "an installation is found again after a crash at any instant, and is carried out once", "update.install")
}

// follower is the agent of whatever scene is played.
type follower struct{ at *struct{ machine } }

func (f follower) History(ctx context.Context, max int) (agent.History, error) {
	return f.at.agent.History(ctx, max)
}
func (f follower) Search(ctx context.Context, q agent.Query) (agent.Found, error) {
	return f.at.agent.Search(ctx, q)
}
func (f follower) Install(ctx context.Context, id string, tell func(agent.Progress)) (agent.Installation, error) {
	return f.at.agent.Install(ctx, id, tell)
}
func (f follower) Busy(ctx context.Context) (bool, error) { return f.at.agent.Busy(ctx) }
func (f follower) RebootRequired(ctx context.Context) (bool, error) {
	return f.at.agent.RebootRequired(ctx)
}
func (f follower) Services(ctx context.Context) ([]agent.Service, error) {
	return f.at.agent.Services(ctx)
}

// applied prepares and applies an installation.
func applied(t *testing.T, m machine, stateDir string) (sdk.Result[InstallOutput], sdk.Assessment, error) {
	t.Helper()
	p, err := m.prepareInstall(t.Context(), &sdk.Call{}, InstallInput{wanted})
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.applyInstall(t.Context(), &sdk.Call{}, InstallInput{wanted}, p.Token, stateDir)
	a, assessing := m.assessInstall(t.Context(), &sdk.Call{}, p.Token, stateDir)
	if assessing != nil {
		t.Fatal(assessing)
	}
	return r, a, err
}

func TestInstallBelievesNothing(t *testing.T) {
	failed := fakeagent.Outcome{ResultCode: 4, HResult: -2145124322} // 0x8024001E
	tests := map[string]struct {
		state fakeagent.State
		code  sdk.ErrorCode
		says  string
		is    sdk.State
	}{
		"the-agent-lies": {fakeagent.State{Updates: []fakeagent.Update{offered(func(u *fakeagent.Update) { u.Lies = true })}},
			sdk.Unavailable, `succeeded (0x00000000`, sdk.StateBefore},
		"installing-fails": {fakeagent.State{Updates: []fakeagent.Update{offered(func(u *fakeagent.Update) { u.Install = &failed })}},
			sdk.Unavailable, `the installation of "2024-01 Cumulative Update for Windows 10 (KB5034441)" failed (0x8024001E, WU_E_SERVICE_STOP)`, sdk.StateBefore},
		"downloading-fails": {fakeagent.State{Updates: []fakeagent.Update{offered(func(u *fakeagent.Update) { u.Download = &failed })}},
			sdk.Unavailable, `the download of "2024-01 Cumulative Update for Windows 10 (KB5034441)" failed (0x8024001E, WU_E_SERVICE_STOP)`, sdk.StateBefore},
		"not-offered":   {fakeagent.State{Updates: []fakeagent.Update{other}}, sdk.NotFound, "the update is not offered to this machine", sdk.StateBefore},
		"busy":          {fakeagent.State{Updates: []fakeagent.Update{offered(nil)}, IsBusy: true}, sdk.Unavailable, "installs something else", sdk.StateBefore},
		"restart-first": {fakeagent.State{Updates: []fakeagent.Update{offered(nil)}, RestartFirst: true}, sdk.Unavailable, "a restart must come before", sdk.StateBefore},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.state.Updates = append(test.state.Updates, other)
			m := workshop(t, t.TempDir(), test.state)
			_, a, err := applied(t, m, t.TempDir())
			if err == nil || sdk.AsError(err).Code != test.code || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %s: %s", err, test.code, test.says)
			}
			if a.State != test.is || a.Reason == "" {
				t.Errorf("assessed as %s (%s), want %s", a.State, a.Reason, test.is)
			}
			for _, u := range state(t, m).Updates {
				if u.UpdateID == other.UpdateID && (u.IsInstalled || u.IsDownloaded) {
					t.Errorf("an update that nobody asked for was touched: %+v", u)
				}
			}
		})
	}
	verification.ShownByFake(t, "what the agent says is read back: a success that is none, and failures with their codes, are told", "update.install")
}

func TestInstallAgainAfterAFailure(t *testing.T) {
	m, stateDir := workshop(t, t.TempDir(), fakeagent.State{Updates: []fakeagent.Update{offered(nil)}, IsBusy: true}), t.TempDir()
	if _, _, err := applied(t, m, stateDir); err == nil {
		t.Fatal("a busy agent installed")
	}
	if err := m.agent.(fakeagent.Agent).Set(func(s *fakeagent.State) { s.IsBusy = false }); err != nil {
		t.Fatal(err)
	}
	r, a, err := applied(t, m, stateDir)
	if err != nil || !r.Output.Installed || a.State != sdk.StateAfter {
		t.Errorf("%+v, %+v, %v", r, a, err)
	}
}

func TestPrepareInstallSaysWhatIsKnown(t *testing.T) {
	tests := map[string]struct {
		state  fakeagent.State
		before string
		code   sdk.ErrorCode
	}{
		"offered":         {fakeagent.State{Updates: []fakeagent.Update{offered(nil)}}, "not installed", ""},
		"never-scanned":   {fakeagent.State{}, "not among what the last scan found; it is looked for online", ""},
		"damaged-scan":    {fakeagent.State{Refuses: map[string]int32{"IUpdateSearcher.Search": -2145091577}}, "not known: IUpdateSearcher.Search: 0x80248", ""},
		"service-held":    {fakeagent.State{Refuses: map[string]int32{"*": -2147023838}}, "not known: the Windows Update service is disabled", ""},
		"not-implemented": {fakeagent.State{Refuses: map[string]int32{"*": -2147467263}}, "", sdk.Unavailable},
		"denied":          {fakeagent.State{Refuses: map[string]int32{"*": -2147024891}}, "", sdk.AccessDenied},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := workshop(t, t.TempDir(), test.state).prepareInstall(t.Context(), &sdk.Call{}, InstallInput{"{" + strings.ToUpper(wanted) + "}"})
			if test.code != "" {
				if err == nil || sdk.AsError(err).Code != test.code {
					t.Errorf("%v, want code %s", err, test.code)
				}
				return
			}
			if err != nil || len(p.Changes) != 1 || !strings.HasPrefix(p.Changes[0].Before, test.before) || p.Token.UpdateGUID != wanted {
				t.Errorf("%v: %+v", err, p)
			}
			if text, err := json.Marshal(p.Material); err != nil || string(text) != `{"seen_installed":false,"update_guid":"`+wanted+`"}` {
				t.Errorf("a plan would rest on %s, %v: it must be the same whatever the scan knows", text, err)
			}
		})
	}
}

// taskRunner is a Task Scheduler that runs the worker of a machine in a goroutine, as another process would.
type taskRunner struct {
	m       *machine
	dies    bool // the worker ends before it has begun
	denied  bool
	unseen  bool
	deleted []string
	path    string
	xml     string
	work    chan error
}

func (r *taskRunner) Register(_ context.Context, path, xml string) (tasks.Task, error) {
	if r.denied {
		return tasks.Task{}, tasks.ErrDenied
	}
	r.path, r.xml = path, xml
	return tasks.Task{Path: path, XML: xml}, nil
}

func (r *taskRunner) Run(ctx context.Context, path string) error {
	if path != r.path {
		return tasks.ErrNotFound
	}
	_, rest, _ := strings.Cut(r.xml, "plugin work update.install ")
	folder, _, _ := strings.Cut(rest, "</Arguments>")
	go func() {
		if r.dies {
			r.work <- nil
			return
		}
		j, err := jobIn(folder)
		if err == nil {
			err = r.m.work(context.WithoutCancel(ctx), j, func(standing) {})
		}
		r.work <- err
	}()
	if r.unseen {
		return &tasks.NotSeenError{Path: path}
	}
	return nil
}

func (r *taskRunner) Delete(_ context.Context, path string) error {
	r.deleted = append(r.deleted, path)
	return nil
}

func TestInstallOverTheNetworkIsDoneByATask(t *testing.T) {
	tests := map[string]struct {
		set  func(*taskRunner)
		says string
	}{
		"done":           {func(*taskRunner) {}, ""},
		"run-not-seen":   {func(r *taskRunner) { r.unseen = true }, ""},
		"denied":         {func(r *taskRunner) { r.denied = true }, "the task that would install the update cannot be made"},
		"never-begins":   {func(r *taskRunner) { r.dies = true }, "was started and did not begin"},
		"unknown-logons": {func(r *taskRunner) { r.m.remote = func() (bool, error) { return false, errors.New("no token") } }, "no token"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stateDir := filepath.Join(t.TempDir(), "state")
			if err := os.Mkdir(stateDir, 0o700); err != nil {
				t.Fatal(err)
			}
			m := workshop(t, t.TempDir(), fakeagent.State{Updates: []fakeagent.Update{offered(nil)}})
			m.remote = func() (bool, error) { return true, nil }
			p, err := m.prepareInstall(t.Context(), &sdk.Call{}, InstallInput{wanted})
			if err != nil || !strings.Contains(p.Summary, "SYSTEM") {
				t.Fatalf("%v: %s", err, p.Summary)
			}
			r := &taskRunner{m: &m, work: make(chan error, 1)}
			m.scheduler = r
			test.set(r)
			out, err := m.applyInstall(t.Context(), &sdk.Call{}, InstallInput{wanted}, p.Token, stateDir)
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%v, want %s", err, test.says)
				}
				if n := state(t, m).Installs; n != 0 {
					t.Errorf("installed %d times", n)
				}
				return
			}
			if err != nil || !out.Output.Installed {
				t.Errorf("%+v, %v", out, err)
			}
			if err := <-r.work; err != nil {
				t.Error(err)
			}
			if len(r.deleted) != 1 || r.deleted[0] != r.path || !strings.HasPrefix(r.path, `\Rectify\update.install-`) {
				t.Errorf("the task %s, deleted %q", r.path, r.deleted)
			}
			if !strings.Contains(r.xml, `C:\Program Files\Rectify\rectify.exe`) {
				t.Error(r.xml)
			}
		})
	}
	verification.ShownByFake(t, "in a logon over the network a task that runs as SYSTEM installs, and is deleted afterwards", "update.install")
}

// TestInstallFollowsTheWorkerOfADeadHost has a second host apply while the worker of the first is still at it.
func TestInstallFollowsTheWorkerOfADeadHost(t *testing.T) {
	m, stateDir := workshop(t, t.TempDir(), fakeagent.State{Updates: []fakeagent.Update{offered(nil)}}), t.TempDir()
	reached, goOn := make(chan struct{}), make(chan struct{})
	m.agent = slow{m.agent, reached, goOn}
	token := installToken{installTokenVersion, wanted}
	first := make(chan error, 1)
	go func() {
		_, err := m.applyInstall(context.Background(), &sdk.Call{}, InstallInput{wanted}, token, stateDir)
		first <- err
	}()
	<-reached
	a, err := m.assessInstall(t.Context(), &sdk.Call{}, token, stateDir)
	if err != nil || a.State != sdk.StatePartial || !strings.Contains(a.Reason, "a worker is at it: install") {
		t.Errorf("while the worker is at it: %+v, %v", a, err)
	}
	second := make(chan error, 1)
	go func() {
		_, err := m.applyInstall(context.Background(), &sdk.Call{}, InstallInput{wanted}, token, stateDir)
		second <- err
	}()
	close(goOn)
	if err := errors.Join(<-first, <-second); err != nil {
		t.Error(err)
	}
	if n := state(t, machine{agent: m.agent.(slow).Agent}).Installs; n != 1 {
		t.Errorf("installed %d times", n)
	}
	verification.ShownByFake(t, "a worker that outlives its host is found at work and waited for", "update.install")
}

// slow waits in the middle of an installation.
type slow struct {
	agent.Agent
	reached, goOn chan struct{}
}

func (s slow) Install(ctx context.Context, id string, tell func(agent.Progress)) (agent.Installation, error) {
	return s.Agent.Install(ctx, id, func(p agent.Progress) {
		tell(p)
		if p.Phase == agent.PhaseInstall && p.Percent == 0 {
			close(s.reached)
			<-s.goOn
		}
	})
}

// TestAssessAfterTheWorkerDied has the worker killed at each phase.
func TestAssessAfterTheWorkerDied(t *testing.T) {
	token := installToken{installTokenVersion, wanted}
	tests := map[string]struct {
		phase   agent.Phase
		update  fakeagent.Update
		refuses int32
		want    sdk.State
	}{
		"searching":                 {agent.PhaseSearch, offered(nil), 0, sdk.StateBefore},
		"downloading":               {agent.PhaseDownload, offered(nil), 0, sdk.StateBefore},
		"installing":                {agent.PhaseInstall, offered(nil), 0, sdk.StatePartial},
		"installed":                 {agent.PhaseInstall, offered(func(u *fakeagent.Update) { u.IsInstalled = true }), 0, sdk.StateAfter},
		"waits-to-restart":          {agent.PhaseInstall, offered(func(u *fakeagent.Update) { u.RebootRequired = true }), 0, sdk.StateAfter},
		"the-agent-cannot-be-asked": {agent.PhaseSearch, offered(nil), -2147023838, sdk.StatePartial},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := fakeagent.State{Updates: []fakeagent.Update{test.update}}
			if test.refuses != 0 {
				s.Refuses = map[string]int32{"*": test.refuses}
			}
			m, j := workshop(t, t.TempDir(), s), job{t.TempDir()}
			if err := errors.Join(j.begin(order{Version: jobVersion, UpdateGUID: wanted}), j.write(progressFile, standing{Phase: string(test.phase)})); err != nil {
				t.Fatal(err)
			}
			a, err := m.assessInstall(t.Context(), &sdk.Call{}, token, j.folder)
			if err != nil || a.State != test.want {
				t.Errorf("%+v, %v, want %s", a, err, test.want)
			}
		})
	}
}

func TestWorkRefusesWhatIsNoOrder(t *testing.T) {
	m := workshop(t, t.TempDir(), fakeagent.State{Updates: []fakeagent.Update{offered(nil)}})
	if err := Work(t.Context(), "relative"); err == nil {
		t.Error("a relative folder is taken")
	}
	for name, text := range map[string]string{
		"none": "", "later-version": `{"version":2,"update_guid":"` + wanted + `"}`, "no-identity": `{"version":1,"update_guid":"x"}`, "garbage": "{",
	} {
		t.Run(name, func(t *testing.T) {
			j := job{t.TempDir()}
			if text != "" {
				if err := os.WriteFile(filepath.Join(j.folder, orderFile), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := m.work(t.Context(), j, func(standing) {}); err == nil {
				t.Error("it was carried out")
			}
		})
	}
	if n := state(t, m).Installs; n != 0 {
		t.Errorf("installed %d times", n)
	}
}
