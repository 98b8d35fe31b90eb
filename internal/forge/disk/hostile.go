package disk

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Damaged changes bytes of a disk's files at random places, and cuts some files off. Each offline probe must give an
// answer of its schema, or say why it has none. Inputs are by the name of the probe; {} for others.
func Damaged(t *testing.T, plugin sdk.Plugin, now time.Time, whole map[string][]byte, inputs map[string]string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		files := map[string][]byte{}
		for name, data := range whole {
			files[name] = damage(random, data)
		}
		machine := New(t, now, files)
		for _, m := range plugin.Manifest().Probes {
			if !sdk.Supports(m.Targets, sdk.Offline) {
				continue
			}
			input := inputs[m.Name]
			if input == "" {
				input = "{}"
			}
			answered(t, plugin, m, machine, input)
		}
	}
}

func damage(random *rand.Rand, data []byte) []byte {
	damaged := append([]byte{}, data...)
	for range 1 + random.IntN(20) {
		damaged[random.IntN(len(damaged))] = byte(random.Uint32())
	}
	if random.IntN(4) == 0 {
		damaged = damaged[:random.IntN(len(damaged))]
	}
	return damaged
}

func answered(t *testing.T, plugin sdk.Plugin, m sdk.ProbeManifest, machine *target.Target, input string) {
	t.Helper()
	_, answer, err := Observe[map[string]any](t, plugin, m.Name, machine, input)
	if err != nil {
		if sdk.AsError(err).Code == sdk.Internal {
			t.Errorf("%s: %v", m.Name, err)
		}
		return
	}
	out, err := schema.Parse(m.Output)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Canonical(answer.Value); err != nil {
		t.Errorf("%s: %v: %s", m.Name, err, answer.Value)
	}
}

// LinksOut has a disk whose files are links that lead out of it: what is there is not this disk's, so that the probes
// of inputs must not answer.
func LinksOut(t *testing.T, plugin sdk.Plugin, now time.Time, files map[string][]byte, inputs map[string]string) {
	t.Helper()
	outside := Write(t, files)
	root := t.TempDir()
	for name := range files {
		link := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(outside, filepath.FromSlash(name)), link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	machine := Open(t, root, now)
	for name, input := range inputs {
		if _, answer, err := Observe[map[string]any](t, plugin, name, machine, input); err == nil {
			t.Errorf("%s answers from outside of the disk: %s", name, answer.Value)
		}
	}
}
