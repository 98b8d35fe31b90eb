package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

var running = target.Spec{Kind: target.Live, Now: start.Add(24 * time.Hour)}

// sameWhenRunning asks a running Windows that has the same logs, and wants the same answer.
func sameWhenRunning(t *testing.T, want sdk.Answer, probe string, in any, logs map[string][]byte) {
	t.Helper()
	m := fakeeventlog.New()
	for channel, data := range logs {
		m.FromFile(t, channel, data)
	}
	got, err := plugintest.Serve(t, of(eventlog.From(m))).Observe(probe, running, in)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Value) != string(want.Value) || got.Partial != want.Partial || !reflect.DeepEqual(got.Covers, want.Covers) || got.Settle != want.Settle {
		t.Errorf("on a running Windows\n%s %q, want\n%s %q", got.Value, got.Partial, want.Value, want.Partial)
	}
	if len(got.Evidence) != len(want.Evidence) {
		t.Fatalf("%d items of evidence, want %d", len(got.Evidence), len(want.Evidence))
	}
	for i, e := range got.Evidence {
		w := want.Evidence[i]
		w.File, w.Offset = "", 0
		if !reflect.DeepEqual(e, w) {
			t.Errorf("evidence %d: %+v, want %+v", i, e, w)
		}
	}
}

func TestChannelOfARunningWindows(t *testing.T) {
	tests := map[string]struct {
		given   func(m *fakeeventlog.Machine)
		want    string
		missing bool
		code    sdk.ErrorCode
	}{
		"on": {given: func(m *fakeeventlog.Machine) { m.FromFile(t, tasks, sample(t)) },
			want: `{"exists":true,"enabled":true,"records":6,"oldest":"2026-01-10T09:00:00Z","newest":"2026-01-10T14:00:00Z","size":69632}`},
		"off-with-a-log": {given: func(m *fakeeventlog.Machine) { m.FromFile(t, tasks, sample(t)).Settings.Enabled = false },
			want: `{"exists":true,"enabled":false,"records":6,"oldest":"2026-01-10T09:00:00Z","newest":"2026-01-10T14:00:00Z","size":69632}`},
		"off-without-one": {given: func(m *fakeeventlog.Machine) { c := m.Add(tasks); c.NoLog, c.Settings.Enabled = true, false }, want: `{"exists":true,"enabled":false,"records":0}`},
		"empty":           {given: func(m *fakeeventlog.Machine) { m.Add(tasks) }, want: `{"exists":true,"enabled":true,"records":0,"size":69632}`},
		"no-such-channel": {given: func(m *fakeeventlog.Machine) {}, want: `{"exists":false,"records":0}`, missing: true},
		"denied":          {given: func(m *fakeeventlog.Machine) { m.Add(tasks).Denied = true }, code: sdk.AccessDenied},
		"not-carried-out": {given: func(m *fakeeventlog.Machine) { m.Down = &eventlog.CallError{Function: "EvtOpenLog"} }, code: sdk.Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := fakeeventlog.New()
			test.given(m)
			a, err := plugintest.Serve(t, of(eventlog.From(m))).Observe("channel", running, ChannelInput{Channel: tasks})
			if test.code != "" {
				if e := sdk.AsError(err); err == nil || e.Code != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(a.Value) != test.want || (a.Missing["/enabled"] != "") != test.missing {
				t.Errorf("got  %s %v\nwant %s", a.Value, a.Missing, test.want)
			}
		})
	}
	verification.ShownByFake(t, "a channel of a running Windows is told with what its log covers, and one that is off, unknown or denied as such", "event.channel")
}

func TestQueryTroublesOfARunningWindows(t *testing.T) {
	tests := map[string]struct {
		given   func(c *fakeeventlog.Channel)
		partial string
		text    string
	}{
		"cannot-be-shown":   {given: func(c *fakeeventlog.Channel) { c.Unreadable = []uint64{102} }, partial: "1 records of the channel System cannot be shown"},
		"cleared-meanwhile": {given: func(c *fakeeventlog.Channel) { c.OnQuery = func(n int) { clearAt(c, n) } }, partial: "was cleared while it was read"},
		"words":             {given: func(c *fakeeventlog.Channel) { c.Words = map[uint64]string{104: "Someone else has\r\nwords"} }, text: "Someone else has words"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := fakeeventlog.New()
			test.given(m.FromFile(t, "System", sample(t)))
			a, err := plugintest.Serve(t, of(eventlog.From(m))).Observe("query", running, QueryInput{Channel: "System"})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(a.Partial, test.partial) || test.partial == "" && a.Partial != "" {
				t.Errorf("partial %q, want %q", a.Partial, test.partial)
			}
			if test.text != "" && a.Evidence[4].Text != test.text {
				t.Errorf("evidence %q, want %q", a.Evidence[4].Text, test.text)
			}
		})
	}
}

func clearAt(c *fakeeventlog.Channel, query int) {
	if query == 3 { // those before look at the ends of the log
		c.Clear()
	}
}

// filed is a machine that keeps the settings of one channel in a file, so that the test kit can watch them.
type filed struct {
	*fakeeventlog.Machine
	folder string
}

func (m *filed) Settings(string) (eventlog.Settings, error) {
	var s eventlog.Settings
	b, err := os.ReadFile(filepath.Join(m.folder, "settings.json"))
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	return s, err
}

func (m *filed) Configure(_ string, enabled bool, maxSize uint64) error {
	b, err := json.Marshal(eventlog.Settings{Enabled: enabled, MaxSize: maxSize})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.folder, "settings.json"), b, 0o666)
}

func TestEnableChannel(t *testing.T) {
	size := func(n schema.Bytes) *schema.Bytes { return &n }
	tests := map[string]struct {
		was   eventlog.Settings
		in    EnableInput
		noop  bool
		fails sdk.ErrorCode
	}{
		"off":                  {was: eventlog.Settings{MaxSize: 1052672}, in: EnableInput{Channel: tasks}},
		"off-and-larger":       {was: eventlog.Settings{MaxSize: 1052672}, in: EnableInput{Channel: tasks, MaxSize: size(10 << 20)}},
		"on-and-larger":        {was: eventlog.Settings{Enabled: true, MaxSize: 1052672}, in: EnableInput{Channel: tasks, MaxSize: size(10 << 20)}},
		"on":                   {was: eventlog.Settings{Enabled: true, MaxSize: 1052672}, in: EnableInput{Channel: tasks}, noop: true},
		"on-and-large":         {was: eventlog.Settings{Enabled: true, MaxSize: 20 << 20}, in: EnableInput{Channel: tasks, MaxSize: size(10 << 20)}, noop: true},
		"on-and-almost":        {was: eventlog.Settings{Enabled: true, MaxSize: 1052672}, in: EnableInput{Channel: tasks, MaxSize: size(1 << 20)}, noop: true},
		"empties-its-log":      {was: eventlog.Settings{MaxSize: 1052672, Direct: true}, in: EnableInput{Channel: tasks}, fails: sdk.Unsupported},
		"no-name-of-a-channel": {was: eventlog.Settings{MaxSize: 1052672}, in: EnableInput{Channel: `a\b`}, fails: sdk.InvalidInput},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := &filed{Machine: fakeeventlog.New()}
			plugintest.Action(t, of(eventlog.From(m)), plugintest.ActionCase{
				Action: "enable_channel", NoOp: test.noop, Refuses: test.fails,
				Scene: func(t testing.TB) plugintest.Scene {
					m.folder = t.TempDir()
					b, err := json.Marshal(test.was)
					if err == nil {
						err = os.WriteFile(filepath.Join(m.folder, "settings.json"), b, 0o666)
					}
					if err != nil {
						t.Fatal(err)
					}
					return plugintest.Scene{Target: running, Folder: m.folder, Input: test.in}
				},
			})
		})
	}
	verification.ShownByFake(t, "a channel is switched on, its log may grow, and undo gives both back, after a crash at any instant too", "event.enable_channel")
}

// enabled prepares and applies on a machine of its own.
func enabled(t *testing.T, given func(m *fakeeventlog.Machine), meanwhile func(m *fakeeventlog.Machine)) (*plugintest.Client, *fakeeventlog.Machine, json.RawMessage, string, error) {
	t.Helper()
	m := fakeeventlog.New()
	given(m)
	c, state := plugintest.Serve(t, of(eventlog.From(m))), t.TempDir()
	in := EnableInput{Channel: tasks}
	p, err := c.Prepare("enable_channel", running, in)
	if err != nil {
		return c, m, nil, state, err
	}
	if meanwhile != nil {
		meanwhile(m)
	}
	_, err = c.Apply("enable_channel", running, in, p.Token, state)
	return c, m, p.Token, state, err
}

func off(m *fakeeventlog.Machine) { m.Add(tasks).Settings.Enabled = false }

func TestEnableChannelIsNotBelieved(t *testing.T) {
	tests := map[string]struct {
		given, meanwhile func(m *fakeeventlog.Machine)
		code             sdk.ErrorCode
		message          string
	}{
		"silent-no-op": {given: func(m *fakeeventlog.Machine) { off(m); deaf(m) }, code: sdk.Unavailable,
			message: "was to be on with a log of at most 20971520 bytes, which Windows took without an error, and it is off"},
		"denied":  {given: func(m *fakeeventlog.Machine) { lock(m, 5) }, code: sdk.AccessDenied, message: "run as an administrator"},
		"refused": {given: func(m *fakeeventlog.Machine) { lock(m, 15010) }, code: sdk.Unavailable, message: "error 15010"},
		"unknown": {given: func(*fakeeventlog.Machine) {}, code: sdk.NotFound, message: "this Windows has no channel"},
		"not-carried-out": {given: func(m *fakeeventlog.Machine) {
			m.Down = &eventlog.CallError{Function: "EvtGetChannelConfigProperty", Code: 120}
		}, code: sdk.Unavailable, message: "does not carry out"},
		"somebody-else": {given: off, meanwhile: func(m *fakeeventlog.Machine) { m.Add(tasks).Settings = eventlog.Settings{MaxSize: 99 << 20} },
			code: sdk.Unavailable, message: "somebody else has changed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, _, _, err := enabled(t, test.given, test.meanwhile)
			if e := sdk.AsError(err); err == nil || e.Code != test.code || !strings.Contains(e.Error(), test.message) {
				t.Errorf("got %v, want %s %q", err, test.code, test.message)
			}
		})
	}
	verification.ShownByFake(t, "a channel that stays off although Windows took the change, or that may not be changed, is an error", "event.enable_channel")
}

func deaf(m *fakeeventlog.Machine) {
	c := m.Add(tasks)
	c.Settings.Enabled, c.Deaf = false, true
}

func lock(m *fakeeventlog.Machine, code uint32) {
	c := m.Add(tasks)
	c.Settings.Enabled, c.Locked = false, &eventlog.CallError{Function: "EvtSaveChannelConfig", Code: code, Text: "no"}
}

func TestEnableChannelLeavesWhatOthersDo(t *testing.T) {
	client, m, token, state, err := enabled(t, off, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Add(tasks).Settings.MaxSize = 99 << 20
	if a, err := client.Assess("enable_channel", running, token, state); err != nil || a.State != sdk.StateOther {
		t.Errorf("assessed %+v, %v", a, err)
	}
	if _, err := client.Undo("enable_channel", running, token, state); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("undone: %v", err)
	}
	// What was switched on before Apply had begun was not switched on by it.
	other := t.TempDir()
	m.Add(tasks)
	if a, err := client.Assess("enable_channel", running, token, other); err != nil || a.State != sdk.StateOther {
		t.Errorf("assessed %+v, %v", a, err)
	}
	if _, err := client.Undo("enable_channel", running, token, other); err != nil {
		t.Error(err)
	}
	if s, err := m.Settings(tasks); err != nil || !s.Enabled {
		t.Errorf("undo has taken back what it had not done: %+v, %v", s, err)
	}
}
