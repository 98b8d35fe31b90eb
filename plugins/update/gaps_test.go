package update

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
)

// TestFailureWithoutCode has a failure whose code is lost: whether it is the one that is asked for is not known.
func TestFailureWithoutCode(t *testing.T) {
	machine := disk.New(t, moment(60), map[string][]byte{systemLog: disk.Log(t, first, event(20, 20, guidA, title, 0))})
	out, answer, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", machine, `{"code":"0x8024001e","since":"30d"}`)
	if err != nil || len(out.Failed) != 0 || len(out.Others) != 1 || out.Others[0].Code != nil || !strings.Contains(answer.Partial, "without a code") {
		t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	out, answer, err = disk.Observe[AttemptsOutput](t, Plugin(), "attempts", machine, `{"since":"30d"}`)
	if err != nil || len(out.Failed) != 1 || len(out.Succeeded) != 0 || answer.Partial != "" {
		t.Errorf("of any code: %v, partial %q: %s", err, answer.Partial, answer.Value)
	}
}

func TestHistoryGaps(t *testing.T) {
	old, new := reported(101, -60*24*60, guidB, 0, "x"), reported(183, 3, guidA, 0, "x: "+title)
	setup := disk.Log(t, evtx.Event{Provider: "Other", ID: 1, Time: moment(-60 * 24 * 60), Channel: "Setup"})
	tests := map[string]struct {
		log     []byte
		partial string
	}{
		"whole":             {reporting(t, old, new), ""},
		"begins-late":       {reporting(t, new), "begins at 2024-06-01T12:03:00Z"},
		"empty":             {reporting(t), "is empty"},
		"damaged-line":      {reporting(t, old, "junk", new), "1 lines of ReportingEvents.log cannot be read, the first is line 2"},
		"without-its-bytes": {reporting(t, old, new)[2:], "cannot be read"}, // UTF-16 that nothing marks as such
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			machine := disk.New(t, moment(60), map[string][]byte{setupLog: setup, reportingFile: test.log})
			_, answer, err := disk.Observe[HistoryOutput](t, Plugin(), "history", machine, `{"since":"30d"}`)
			if err != nil || (answer.Partial == "") != (test.partial == "") || !strings.Contains(answer.Partial, test.partial) {
				t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
			}
		})
	}
}

// TestInstalledAfterDamage has a System channel that lost records: the failure in it need not be the last word.
func TestInstalledAfterDamage(t *testing.T) {
	log := disk.Log(t, first, event(20, 20, guidA, title, 0x8024001E), event(19, 30, guidB, title, 0))
	log = append(log, make([]byte, 64<<10)...)
	copy(log[4096+64<<10:], "ElfChnk\x00 and nothing of a chunk behind it")
	machine := disk.New(t, moment(60), map[string][]byte{systemLog: log, softwareHive: software(t, nil)})
	input := fmt.Sprintf(`{"updates":[{"update_guid":"%s","kb":"KB5034441"}]}`, guidA)
	out, answer, err := disk.Observe[InstalledOutput](t, Plugin(), "installed", machine, input)
	if err != nil || out.Updates[0].Installed != nil || !strings.Contains(answer.Missing["/all"], "damaged") {
		t.Errorf("%v, missing %v: %s", err, answer.Missing, answer.Value)
	}
}

func TestSourceOfAStaleHive(t *testing.T) {
	data, err := hive.Bytes(&hive.Key{}, hive.Options{Dirty: true})
	if err != nil {
		t.Fatal(err)
	}
	_, answer, err := disk.Observe[SourceOutput](t, Plugin(), "source", disk.New(t, noon, map[string][]byte{softwareHive: data}), `{}`)
	if err != nil || answer.Partial == "" || answer.Settle == "" {
		t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
}
