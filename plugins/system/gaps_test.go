package system

import (
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
)

// TestEvidenceOfBoots looks at the first item of each boot's evidence, which is the one that is shown.
func TestEvidenceOfBoots(t *testing.T) {
	events := join(one(plain("Other", 1, 0)), one(wanted(10, "x.exe", "0x0", "restart")), orderly(12, 5), start(15), start(100), one(lastAliveEvent(101, 90)))
	machine := disk.New(t, moment(200), map[string][]byte{systemLog: disk.Log(t, events...)})
	out, answer, err := disk.Observe[BootsOutput](t, Plugin(), "boots", machine, `{}`)
	if err != nil || out.Count != 2 {
		t.Fatalf("%v: %s", err, answer.Value)
	}
	first := map[string]uint32{}
	for _, e := range answer.Evidence {
		if _, seen := first[e.Pointer]; !seen {
			first[e.Pointer] = e.EventID
		}
	}
	if first["/boots/0"] != 1074 || first["/boots/1"] != 6008 {
		t.Errorf("first of each: %v", first)
	}
}
