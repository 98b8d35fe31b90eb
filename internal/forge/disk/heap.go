package disk

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// Heap is the most heap that a call has live, in bytes, as far as samples tell: garbage is collected early meanwhile.
func Heap(t testing.TB, call func()) uint64 {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(30))
	runtime.GC()
	before := inUse()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		peak := uint64(0)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, inUse())
			case <-done:
				most <- max(peak, inUse())
				return
			}
		}
	}()
	call()
	close(done)
	return max(<-most, before) - before
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
