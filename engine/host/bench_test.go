package host

import (
	"fmt"
	"sync"
	"testing"
)

// BenchmarkColdStart is the time from nothing to the first answer of each plugin, side by side, and their end.
func BenchmarkColdStart(b *testing.B) {
	for _, n := range []int{1, 10} {
		b.Run(fmt.Sprintf("plugins-%d", n), func(b *testing.B) {
			var names []string
			for i := range n {
				names = append(names, fmt.Sprintf("good_%d", i))
			}
			for b.Loop() {
				h := testHost(b, names...)
				var calls sync.WaitGroup
				for _, name := range names {
					calls.Go(func() {
						if _, err := h.Observe(b.Context(), name+".do", live, map[string]any{"what": "greet"}, Events{}); err != nil {
							b.Error(err)
						}
					})
				}
				calls.Wait()
				h.Close()
			}
		})
	}
}

// BenchmarkCall is one small call of a plugin that runs.
func BenchmarkCall(b *testing.B) {
	h := testHost(b, "good")
	for b.Loop() {
		if _, err := h.Observe(b.Context(), "good.do", live, map[string]any{"what": "greet"}, Events{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLargeAnswer moves 8 MiB.
func BenchmarkLargeAnswer(b *testing.B) {
	const size = 8 << 20
	h := testHost(b, "good")
	b.SetBytes(size)
	for b.Loop() {
		if _, err := h.Observe(b.Context(), "good.do", live, map[string]any{"what": "large", "size": size}, Events{}); err != nil {
			b.Fatal(err)
		}
	}
}
