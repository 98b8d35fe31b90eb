package main

import (
	"path/filepath"
	"testing"
)

// TestExampleDisks diagnoses the sample disks: the cause that each was made with, and no other, is confirmed.
func TestExampleDisks(t *testing.T) {
	tests := map[string]struct {
		outcome   string
		confirmed string            // the only cause that is; "" for none
		verdicts  map[string]string // of further causes
	}{
		"task-interferes":    {outcome: "seen", confirmed: "scheduled_task"},
		"unexpected-restart": {outcome: "seen", confirmed: "maintenance"},
		"update-restart":     {outcome: "seen", verdicts: map[string]string{"maintenance": "ruled out"}},
		"wsus-outage":        {outcome: "seen", verdicts: map[string]string{"update_server": "suspected", "servicing_timeout": "suspected"}},
		"corrupt-download":   {outcome: "seen", confirmed: "corrupt_source"},
		"task-log-off":       {outcome: "seen", verdicts: map[string]string{"scheduled_task": "undetermined"}},
		"two-failures":       {outcome: "seen", verdicts: map[string]string{"scheduled_task": "ruled out"}},
		"healed":             {outcome: "was transient"},
		"healthy":            {outcome: "not seen"},
	}
	e := newEngine(t)
	p := bundled(t, e, "0x8024001E")
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			r := diagnoseDisk(t, e, p, filepath.Join("..", "..", "examples", "hosts", name))
			if r.Outcome != want.outcome {
				t.Errorf("outcome %q, want %q", r.Outcome, want.outcome)
			}
			got := verdicts(r)
			for cause, verdict := range got {
				if (verdict == "confirmed") != (cause == want.confirmed) {
					t.Errorf("%s is %s", cause, verdict)
				}
			}
			for cause, verdict := range want.verdicts {
				if got[cause] != verdict {
					t.Errorf("%s is %q, want %q", cause, got[cause], verdict)
				}
			}
			for _, c := range r.Causes {
				if c.Verdict == "confirmed" && len(c.Evidence) == 0 {
					t.Errorf("%s is confirmed without evidence", c.Name)
				}
				if c.Verdict == "undetermined" && len(c.Unknown) == 0 {
					t.Errorf("%s is undetermined without a reason", c.Name)
				}
			}
		})
	}
}
