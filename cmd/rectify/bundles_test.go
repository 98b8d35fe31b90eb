package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/report"
)

// TestBundlesOfDisks holds the bundles that the tests of the playbook read against the sample disks: a diagnosis of either
// says the same. With UPDATE_BUNDLES=1 the bundles are recorded anew.
func TestBundlesOfDisks(t *testing.T) {
	const bundles = "../../playbooks/windows-update/testdata"
	disks, err := filepath.Glob("../../examples/hosts/*")
	if err != nil || len(disks) == 0 {
		t.Fatalf("there are no sample disks: %v", err)
	}
	recorded, err := filepath.Glob(filepath.Join(bundles, "*.json"))
	if err != nil || len(recorded) != len(disks) && os.Getenv("UPDATE_BUNDLES") == "" {
		t.Errorf("%d bundles of %d disks: %v", len(recorded), len(disks), err)
	}
	e := newEngine(t)
	p := bundled(t, e, "0x8024001E")
	for _, disk := range disks {
		name := filepath.Base(disk)
		t.Run(name, func(t *testing.T) {
			bundle := filepath.Join(bundles, name+".json")
			if os.Getenv("UPDATE_BUNDLES") != "" {
				recordDisk(t, disk, bundle)
			}
			s, err := e.Open(t.Context(), engine.Where{Bundle: bundle})
			if err != nil {
				t.Fatal(err)
			}
			inputs, err := engine.Inputs(p, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			got := report.Build(e.Diagnose(t.Context(), p, s, inputs), reportTarget(s))
			want := diagnoseDisk(t, e, p, disk)
			if got.Outcome != want.Outcome || !reflect.DeepEqual(verdicts(got), verdicts(want)) {
				t.Errorf("the bundle says %q %v, the disk %q %v; UPDATE_BUNDLES=1 records it anew", got.Outcome, verdicts(got), want.Outcome, verdicts(want))
			}
		})
	}
}

// recordDisk records a disk as `rectify record` does, in place of what was recorded before.
func recordDisk(t *testing.T, disk, bundle string) {
	t.Helper()
	if err := os.Remove(bundle); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	p := program{stdin: nil, stdout: t.Output(), stderr: t.Output()}
	if code := p.main(t.Context(), []string{"record", "0x8024001E", "--root", disk, "-o", bundle}); code != 0 {
		t.Fatalf("rectify record ends with %d", code)
	}
}
