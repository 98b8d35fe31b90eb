package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// corpus is the folder of real Windows data beside the checkout, which is no part of the project.
func corpus(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../../../shared/corpus")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the corpus of real Windows data is not beside this checkout: %v", err)
	}
	return dir
}

// layOut makes the disks of the corpus and gives their folder.
func layOut(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(corpus(t), "lay-out.sh")
	if out, err := exec.Command("bash", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return dir
}

// TestRealDisks diagnoses real disks, none of which has 0x8024001E: no cause is confirmed anywhere, and the failures
// that two of them do have are named.
func TestRealDisks(t *testing.T) {
	disks := layOut(t)
	entries, err := os.ReadDir(disks)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 12 {
		t.Fatalf("%d disks, want 12", len(entries))
	}
	others := map[string][]string{
		"win11-ja":   {"0x80240016 ×1"},
		"win10-1803": {"0x80248007 ×4", "0x80246013 ×1"},
	}
	e := newEngine(t)
	p := bundled(t, e, "0x8024001E")
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			r := diagnoseDisk(t, e, p, filepath.Join(disks, entry.Name()))
			if r.Outcome == "seen" || r.Outcome == "was transient" {
				t.Errorf("outcome %q: the failure is on none of these disks", r.Outcome)
			}
			for cause, verdict := range verdicts(r) {
				if verdict == "confirmed" {
					t.Errorf("%s is confirmed", cause)
				}
			}
			var got []string
			for _, o := range r.Others {
				got = append(got, fmt.Sprintf("%s ×%d", o.Code, o.Count))
			}
			if want := others[entry.Name()]; !slices.Equal(got, want) {
				t.Errorf("other failures %v, want %v", got, want)
			}
		})
	}
}
