package cab

import (
	"cmp"
	"slices"
)

// bitWriter fills little-endian words of 16 bits from their highest bit.
type bitWriter struct {
	bytes []byte
	hold  uint32
	have  int
}

func (w *bitWriter) bits(v uint32, n int) {
	for i := n - 1; i >= 0; i-- {
		w.hold = w.hold<<1 | v>>i&1
		if w.have++; w.have == 16 {
			w.bytes = le.AppendUint16(w.bytes, uint16(w.hold))
			w.hold, w.have = 0, 0
		}
	}
}

// align fills the current word with zeros.
func (w *bitWriter) align() {
	if w.have > 0 {
		w.bits(0, 16-w.have)
	}
}

// lzxCode is a canonical prefix code.
type lzxCode struct {
	lengths []uint8
	codes   []uint32
}

// newLZXCode makes a code for symbols of which so many are expected, with
// lengths of at most limit.
func newLZXCode(counts []int, limit int) lzxCode {
	counts = slices.Clone(counts)
	for {
		lengths := codeLengths(counts)
		if int(slices.Max(lengths)) <= limit {
			return lzxCode{lengths, canonical(lengths)}
		}
		// Flatter counts give shorter codes.
		for i, n := range counts {
			if n > 0 {
				counts[i] = n/2 + 1
			}
		}
	}
}

// codeLengths joins the two rarest trees until one is left (Huffman).
func codeLengths(counts []int) []uint8 {
	type tree struct {
		count   int
		symbols []int
	}
	var trees []tree
	for s, n := range counts {
		if n > 0 {
			trees = append(trees, tree{n, []int{s}})
		}
	}
	lengths := make([]uint8, len(counts))
	for len(trees) > 1 {
		slices.SortStableFunc(trees, func(a, b tree) int { return cmp.Compare(a.count, b.count) })
		joined := tree{trees[0].count + trees[1].count, slices.Concat(trees[0].symbols, trees[1].symbols)}
		for _, s := range joined.symbols {
			lengths[s]++
		}
		trees = append(trees[2:], joined)
	}
	return lengths
}

func canonical(lengths []uint8) []uint32 {
	codes := make([]uint32, len(lengths))
	code := uint32(0)
	for n := uint8(1); n <= 16; n++ {
		for s, length := range lengths {
			if length == n {
				codes[s] = code
				code++
			}
		}
		code <<= 1
	}
	return codes
}

func (c lzxCode) write(w *bitWriter, symbol int) {
	w.bits(c.codes[symbol], int(c.lengths[symbol]))
}

// writeLengths writes the lengths of a code as differences to those before, in
// a code of their own: 17 and 18 are runs of zeros, 19 is a run of one value.
func writeLengths(w *bitWriter, before, lengths []uint8) {
	type step struct{ symbol, extra, bits, value int }
	var steps []step
	counts := make([]int, 20)
	counts[0]++ // two symbols make a complete code
	counts[1]++
	for i := 0; i < len(lengths); {
		run := 1
		for i+run < len(lengths) && lengths[i+run] == lengths[i] {
			run++
		}
		difference := (int(before[i]) - int(lengths[i]) + 17) % 17
		s := step{symbol: difference, value: -1}
		switch {
		case lengths[i] == 0 && run >= 20:
			run = min(run, 51)
			s = step{18, run - 20, 5, -1}
		case lengths[i] == 0 && run >= 4:
			s = step{17, run - 4, 4, -1}
		case run >= 4:
			run = min(run, 5)
			s = step{19, run - 4, 1, difference}
			counts[difference]++
		default:
			run = 1
		}
		counts[s.symbol]++
		steps = append(steps, s)
		i += run
	}
	code := newLZXCode(counts, 15)
	for _, n := range code.lengths {
		w.bits(uint32(n), 4)
	}
	for _, s := range steps {
		code.write(w, s.symbol)
		w.bits(uint32(s.extra), s.bits)
		if s.value >= 0 {
			code.write(w, s.value)
		}
	}
}
