package task

import (
	"fmt"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// TestMemoryIsBounded groups the runs of a channel that is far longer than any real one: what is held must not grow
// with it, and the answer must say that runs are missing.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a channel of 110 MiB")
	}
	mark := []byte{0, 0, 0, 0x40, 0x80, 0, 0xc0, 0xff, 0xee} // of the identities, behind their first number
	var events []evtx.Event
	for i := range 300 {
		id := fmt.Sprintf("{00000000-0000-4000-8000-c0ffee%06x}", i)
		events = append(events, ran(fmt.Sprintf(`\Task %d`, i%50), id, float64(i), float64(i)+0.5, 0)...)
	}
	root := t.TempDir()
	disk.LongLog(t, root, taskLog, 110<<20, disk.Log(t, events...), func(i int, chunk []byte) {
		disk.Number(chunk, mark, uint32(i))
	})
	var out RunsOutput
	heap := disk.Heap(t, func() {
		found, answer, err := disk.Observe[RunsOutput](t, Plugin(), "runs", disk.Open(t, root, moment(400)), `{}`)
		if err != nil || answer.Partial == "" || answer.Covers == nil {
			t.Errorf("%v, partial %q, covers %v", err, answer.Partial, answer.Covers)
		}
		out = found
	})
	if out.Count != 50 || !out.Cut || len(out.Tasks[0].Runs) != maxRuns {
		t.Errorf("%d tasks, cut %v", out.Count, out.Cut)
	}
	if heap > 64<<20 {
		t.Errorf("%d MiB of heap were held for a channel of 110 MiB", heap>>20)
	}
	t.Logf("%d MiB of heap", heap>>20)
}
