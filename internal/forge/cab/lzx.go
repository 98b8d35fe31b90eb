package cab

import "fmt"

// The blocks of an LZX stream take turns in their three types, and have an odd
// size that is no multiple of a frame, so that readers meet everything that the
// format has.
const (
	lzxBlockSize = 50_001

	lzxVerbatim     = 1
	lzxAligned      = 2
	lzxUncompressed = 3

	lzxLiterals = 256
	lzxLengths  = 249
	lzxMaxMatch = 257
	lzxMinMatch = 2
)

// packLZX gives a frame for each 32 KiB ([MS-PATCH] 2). Calls are translated.
func packLZX(content []byte, windowBits int) ([][]byte, error) {
	if windowBits < 15 || windowBits > 21 {
		return nil, fmt.Errorf("LZX window of 2^%d bytes, expected 2^15 to 2^21", windowBits)
	}
	z := lzxPacker{
		content: translateCalls(content),
		window:  1 << windowBits,
		main:    make([]uint8, lzxLiterals+8*[...]int{30, 32, 34, 36, 38, 42, 50}[windowBits-15]),
		lengths: make([]uint8, lzxLengths),
		recent:  [3]int{1, 1, 1},
		seen:    map[[4]byte]int{},
	}
	z.out.bits(1, 1)
	z.out.bits(uint32(len(content))>>16, 16)
	z.out.bits(uint32(len(content))&0xffff, 16)
	for kind := lzxVerbatim; z.at < len(z.content); kind = kind%3 + 1 {
		z.block(kind, z.content[z.at:min(z.at+lzxBlockSize, len(z.content))])
	}
	z.out.align()
	if len(z.blocks)*frameSize < len(content) {
		z.blocks = append(z.blocks, z.out.bytes)
	}
	return z.blocks, nil
}

// translateCalls makes the targets of x86 calls absolute, within each frame
// and not in its last ten bytes.
func translateCalls(content []byte) []byte {
	out := append([]byte(nil), content...)
	size := int32(len(content))
	for start := 0; start < len(out); start += frameSize {
		frame := out[start:min(start+frameSize, len(out))]
		for i := 0; i < len(frame)-10; i++ {
			if frame[i] != 0xe8 {
				continue
			}
			at, target := int32(start+i), int32(le.Uint32(frame[i+1:]))
			switch {
			case target >= -at && target < size-at:
				le.PutUint32(frame[i+1:], uint32(target+at))
			case target >= size-at && target < size:
				le.PutUint32(frame[i+1:], uint32(target-size))
			}
			i += 4
		}
	}
	return out
}

type lzxPacker struct {
	content       []byte
	at            int
	window        int
	main, lengths []uint8 // lengths of the codes of the block before
	recent        [3]int
	seen          map[[4]byte]int
	out           bitWriter // the current frame
	blocks        [][]byte
}

// token is a literal, or a match that ends within its frame.
type token struct {
	main           int // symbol of the main code
	length         int // symbol of the code of the lengths, -1 without
	footer, extras int // of the offset: the bits that follow, and their number
	size           int // bytes
}

func (z *lzxPacker) block(kind int, data []byte) {
	z.out.bits(uint32(kind), 3)
	z.out.bits(uint32(len(data))>>8, 16)
	z.out.bits(uint32(len(data))&0xff, 8)
	if kind == lzxUncompressed {
		z.raw(data)
		return
	}
	tokens := z.tokens(len(data))
	mainCount, lengthCount, alignedCount := make([]int, len(z.main)), make([]int, lzxLengths), make([]int, 8)
	mainCount[0]++ // two symbols make a complete code
	mainCount[1]++
	for i := range alignedCount {
		alignedCount[i]++
	}
	lengthCount[0]++
	lengthCount[1]++
	for _, t := range tokens {
		mainCount[t.main]++
		if t.length >= 0 {
			lengthCount[t.length]++
		}
		if t.extras >= 3 {
			alignedCount[t.footer&7]++
		}
	}
	var aligned lzxCode
	if kind == lzxAligned {
		aligned = newLZXCode(alignedCount, 7)
		for _, n := range aligned.lengths {
			z.out.bits(uint32(n), 3)
		}
	}
	main, lengths := newLZXCode(mainCount, 16), newLZXCode(lengthCount, 16)
	writeLengths(&z.out, z.main[:lzxLiterals], main.lengths[:lzxLiterals])
	writeLengths(&z.out, z.main[lzxLiterals:], main.lengths[lzxLiterals:])
	writeLengths(&z.out, z.lengths, lengths.lengths)
	z.main, z.lengths = main.lengths, lengths.lengths
	for _, t := range tokens {
		main.write(&z.out, t.main)
		if t.length >= 0 {
			lengths.write(&z.out, t.length)
		}
		if kind == lzxAligned && t.extras >= 3 {
			z.out.bits(uint32(t.footer>>3), t.extras-3)
			aligned.write(&z.out, t.footer&7)
		} else {
			z.out.bits(uint32(t.footer), t.extras)
		}
		z.advance(t.size)
	}
}

// raw writes an uncompressed block: R0, R1, R2 and the bytes, from a new word on.
func (z *lzxPacker) raw(data []byte) {
	z.out.bits(0, 1)
	z.out.align()
	for _, r := range z.recent {
		z.out.bytes = le.AppendUint32(z.out.bytes, uint32(r))
	}
	odd := len(data)%2 == 1
	for len(data) > 0 {
		n := min(len(data), frameSize-z.at%frameSize)
		z.out.bytes = append(z.out.bytes, data[:n]...)
		data = data[n:]
		if len(data) == 0 && odd {
			z.out.bytes = append(z.out.bytes, 0)
		}
		z.advance(n)
	}
}

// advance counts bytes, and ends the frame where it is full.
func (z *lzxPacker) advance(n int) {
	z.at += n
	if z.at%frameSize == 0 {
		z.out.align()
		z.blocks = append(z.blocks, z.out.bytes)
		z.out = bitWriter{}
	}
}

// tokens finds the literals and matches of the next n bytes.
func (z *lzxPacker) tokens(n int) []token {
	var tokens []token
	for p, end := z.at, z.at+n; p < end; {
		limit := min(end-p, frameSize-p%frameSize, lzxMaxMatch)
		length, offset := 0, 0
		if p+4 <= len(z.content) {
			if from, ok := z.seen[[4]byte(z.content[p:])]; ok && p-from <= z.window-3 {
				offset = p - from
				for length < limit && z.content[from+length] == z.content[p+length] {
					length++
				}
			}
		}
		t := token{main: int(z.content[p]), length: -1, size: 1}
		if length > lzxMinMatch {
			t = z.match(length, offset)
		}
		tokens = append(tokens, t)
		for q := p; q < p+t.size && q+4 <= len(z.content); q++ {
			z.seen[[4]byte(z.content[q:])] = q
		}
		p += t.size
	}
	return tokens
}

func (z *lzxPacker) match(length, offset int) token {
	t := token{length: -1, size: length}
	slot := 0
	r := &z.recent
	switch offset {
	case r[0]:
	case r[1]:
		slot, r[0], r[1] = 1, r[1], r[0]
	case r[2]:
		slot, r[0], r[2] = 2, r[2], r[0]
	default:
		slot, t.footer, t.extras = slotOf(offset + 2)
		r[0], r[1], r[2] = offset, r[0], r[1]
	}
	header := length - lzxMinMatch
	if header >= 7 {
		t.length, header = header-7, 7
	}
	t.main = lzxLiterals + slot*8 + header
	return t
}

// slotOf gives the slot of a position, and what is left of it in so many bits.
func slotOf(position int) (slot, footer, extras int) {
	base := 0
	for {
		extras = min(max(slot/2-1, 0), 17)
		if position < base+1<<extras {
			return slot, position - base, extras
		}
		base += 1 << extras
		slot++
	}
}
