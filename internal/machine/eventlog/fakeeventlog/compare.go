package fakeeventlog

import (
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Like makes a machine with the channels that a disk has, on or off as its registry says.
func Like(t testing.TB, disk *target.Target) *Machine {
	t.Helper()
	m := New()
	const folder = `%SystemRoot%\System32\winevt\Logs`
	entries, err := disk.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		name, isLog := strings.CutSuffix(strings.ReplaceAll(e.Name(), "%4", "/"), ".evtx")
		if !isLog {
			continue
		}
		f, err := disk.Open(disk.Display(folder) + `\` + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, info.Size())
		if _, err := f.ReadAt(data, 0); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if log, err := evtx.Open(strings.NewReader(string(data)), info.Size()); err != nil || !log.Header().Signature {
			continue // a service has no such file
		}
		c := m.FromFile(t, name, data)
		if on, _, err := eventlog.Enabled(disk, name); err == nil {
			c.Settings.Enabled = on
		}
	}
	return m
}

// Ask asks a probe about a running Windows, at the time of a disk.
func Ask(t testing.TB, probe sdk.Probe, disk *target.Target, input string) (sdk.Answer, error) {
	t.Helper()
	running, err := target.Open(target.Spec{Kind: target.Live, Now: disk.Now()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { running.Close() })
	return probe.Observe(t.Context(), &sdk.Call{Target: running}, json.RawMessage(input))
}

// Same holds that an answer about a running Windows is the one about its disk. Evidence of the one stands in channels only, that
// of the other in their files too.
func Same(t testing.TB, running, disk sdk.Answer) {
	t.Helper()
	if string(running.Value) != string(disk.Value) || running.Partial != disk.Partial || !reflect.DeepEqual(running.Covers, disk.Covers) {
		t.Errorf("on a running Windows\n%s\npartial %q, of its disk\n%s\npartial %q", running.Value, running.Partial, disk.Value, disk.Partial)
	}
	SameEvidence(t, running, disk)
}

// SameEvidence is [Same] for the evidence alone.
func SameEvidence(t testing.TB, running, disk sdk.Answer) {
	t.Helper()
	if len(running.Evidence) != len(disk.Evidence) {
		t.Fatalf("%d items of evidence on a running Windows, %d of its disk", len(running.Evidence), len(disk.Evidence))
	}
	for i, got := range running.Evidence {
		want := disk.Evidence[i]
		if want.Channel != "" {
			want.File, want.Offset = "", 0
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("evidence %d on a running Windows is %+v, of its disk %+v", i, got, want)
		}
	}
}
