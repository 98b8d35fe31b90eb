// Package disk makes the disks that tests give to probes, and asks probes about them as the host does.
package disk

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Write puts files into a new folder, by their path below it with slashes.
func Write(t testing.TB, files map[string][]byte) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, data := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// New makes an offline disk of files.
func New(t testing.TB, now time.Time, files map[string][]byte) *target.Target {
	t.Helper()
	return Open(t, Write(t, files), now)
}

// Open opens an offline disk until the test ends.
func Open(t testing.TB, root string, now time.Time) *target.Target {
	t.Helper()
	machine, err := target.Open(target.Spec{Kind: target.Offline, Root: root, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { machine.Close() })
	return machine
}

// Log is the file of an event channel.
func Log(t testing.TB, events ...evtx.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := evtx.Write(&b, events); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Hive is the file of a registry hive that was written whole.
func Hive(t testing.TB, root *hive.Key) []byte {
	t.Helper()
	data, err := hive.Bytes(root, hive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Observe calls a probe of a plugin. The answer's value comes also as Out.
func Observe[Out any](t testing.TB, plugin sdk.Plugin, probe string, machine *target.Target, input string) (Out, sdk.Answer, error) {
	t.Helper()
	var out Out
	p, ok := plugin.Probe(probe)
	if !ok {
		t.Fatalf("there is no probe %s.%s", plugin.Name, probe)
	}
	answer, err := p.Observe(t.Context(), &sdk.Call{Target: machine}, json.RawMessage(input))
	if err != nil {
		return out, answer, err
	}
	if err := json.Unmarshal(answer.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, answer, nil
}

// Corpus lays out the disks of real machines, which stand beside the checkout, and gives their folder. The test is
// skipped where there are none.
func Corpus(t testing.TB) string {
	t.Helper()
	script := filepath.Join(module(t), "..", "shared", "corpus", "lay-out.sh")
	if _, err := os.Stat(script); err != nil {
		t.Skipf("the corpus is not beside the checkout: %v", err)
	}
	dir := t.TempDir()
	if out, err := exec.Command("bash", script, dir).CombinedOutput(); err != nil {
		t.Skipf("the corpus cannot be laid out: %v\n%s", err, out)
	}
	return dir
}

// module is the folder of the checkout: the one with go.mod above the package under test.
func module(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no go.mod above this test: %v", err)
	return ""
}
