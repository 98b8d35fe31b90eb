package cab

import "errors"

// A code of LZX is canonical, with lengths of up to 16 bits. Short codes are
// looked up at once, longer ones length by length.
const (
	maxCodeLength = 16
	fastBits      = 10
)

type huffman struct {
	fast    [1 << fastBits]uint16     // symbol<<5 | length; 0: a longer code, or none
	first   [maxCodeLength + 2]uint32 // of each length, the first code
	index   [maxCodeLength + 2]int    // and the place of its symbol
	symbols []uint16                  // in the order of their codes
}

var errCode = errors.New("an LZX code is not one")

// build makes the code of the symbols' lengths; 0 is a symbol without code. A
// code without any symbol is allowed: reading it fails.
func (h *huffman) build(lengths []uint8) error {
	var count [maxCodeLength + 1]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	code, place := uint32(0), 0
	for n := 1; n <= maxCodeLength; n++ {
		code <<= 1
		h.first[n], h.index[n] = code, place
		code += uint32(count[n])
		place += count[n]
		if code > 1<<n {
			return errCode
		}
	}
	h.index[maxCodeLength+1] = place
	// An incomplete code is allowed for no symbol and for one of one bit.
	if code != 1<<maxCodeLength && used > 1 {
		return errCode
	}
	if cap(h.symbols) < used {
		h.symbols = make([]uint16, len(lengths))
	}
	h.symbols = h.symbols[:used]
	next := h.index
	clear(h.fast[:])
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		at := next[n]
		next[n]++
		h.symbols[at] = uint16(symbol)
		if n > fastBits {
			continue
		}
		first := (h.first[n] + uint32(at-h.index[n])) << (fastBits - n)
		for i := range uint32(1) << (fastBits - n) {
			h.fast[first+i] = uint16(symbol)<<5 | uint16(n)
		}
	}
	return nil
}

// read takes one symbol from the bits.
func (h *huffman) read(b *bitReader) (int, error) {
	bits := b.peek16()
	if e := h.fast[bits>>(16-fastBits)]; e != 0 {
		b.skip(int(e & 31))
		return int(e >> 5), nil
	}
	for n := fastBits + 1; n <= maxCodeLength; n++ {
		at := int(bits>>(16-n)) - int(h.first[n])
		if at >= 0 && at < h.index[n+1]-h.index[n] {
			b.skip(n)
			return int(h.symbols[h.index[n]+at]), nil
		}
	}
	return 0, errCode
}

// bitReader reads bits from little-endian words of 16 bits, the highest first.
// Behind the end are zeros; overrun tells that some of them were used.
type bitReader struct {
	data []byte
	at   int // of the next word
	hold uint64
	have int // bits in hold, its highest ones
}

func (b *bitReader) fill() {
	for b.have <= 32 {
		var word uint64
		if b.at+1 < len(b.data) {
			word = uint64(le.Uint16(b.data[b.at:]))
		} else if b.at < len(b.data) {
			word = uint64(b.data[b.at])
		}
		b.at += 2
		b.hold |= word << (48 - b.have)
		b.have += 16
	}
}

func (b *bitReader) peek16() uint32 {
	if b.have < 16 {
		b.fill()
	}
	return uint32(b.hold >> 48)
}

func (b *bitReader) skip(n int) {
	b.hold <<= n
	b.have -= n
}

// bits takes n bits, at most 32.
func (b *bitReader) bits(n int) uint32 {
	if b.have < n {
		b.fill()
	}
	v := uint32(b.hold >> 32 >> (32 - n))
	b.skip(n)
	return v
}

// overrun tells whether more was read than there is.
func (b *bitReader) overrun() bool { return b.position() > (len(b.data)+1)&^1 }

// position is the offset of the first word of which no bit was used.
func (b *bitReader) position() int { return b.at - b.have/16*2 }

// seek continues at a byte offset.
func (b *bitReader) seek(at int) { b.at, b.hold, b.have = at, 0, 0 }
