package update

import (
	"fmt"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// TestMemoryIsBounded looks for the attempts in a channel that is far longer than any real one: what is held must not
// grow with it, and the answer must say that steps are missing.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a channel of 110 MiB")
	}
	mark := []byte{0, 0, 0, 0x40, 0x80, 0, 0xc0, 0xff, 0xee} // of the identities, behind their first number
	var events []evtx.Event
	for i := range 500 {
		guid := fmt.Sprintf("00000000-0000-4000-8000-c0ffee%06x", i)
		at := float64(i)
		events = append(events, event(44, at, guid, title, 0), event(43, at+0.1, guid, title, 0), event(20, at+0.2, guid, title, 0x8024001E))
	}
	root := t.TempDir()
	disk.LongLog(t, root, systemLog, 110<<20, disk.Log(t, events...), func(i int, chunk []byte) {
		disk.Number(chunk, mark, uint32(i))
	})
	var out AttemptsOutput
	heap := disk.Heap(t, func() {
		found, answer, err := disk.Observe[AttemptsOutput](t, Plugin(), "attempts", disk.Open(t, root, moment(600)), `{}`)
		if err != nil || answer.Partial == "" || answer.Covers == nil {
			t.Errorf("%v, partial %q, covers %v", err, answer.Partial, answer.Covers)
		}
		out = found
	})
	if len(out.Failed) != maxAttempts || !out.Cut {
		t.Errorf("%d failed, cut %v", len(out.Failed), out.Cut)
	}
	if heap > 64<<20 {
		t.Errorf("%d MiB of heap were held for a channel of 110 MiB", heap>>20)
	}
	t.Logf("%d MiB of heap", heap>>20)
}
