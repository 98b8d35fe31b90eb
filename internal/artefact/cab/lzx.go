package cab

import (
	"errors"
	"fmt"
)

// LZX as cabinets have it: [MS-PATCH] 2 describes the format, without the size
// that LZX DELTA puts before each chunk.
const (
	minWindow = 15
	maxWindow = 21

	blockVerbatim     = 1
	blockAligned      = 2
	blockUncompressed = 3

	literals      = 256
	lengthSymbols = 249
	minMatch      = 2
	// Calls are translated in the first gigabyte only.
	maxTranslated = 32768 * maxBlock
)

var errLZXEnd = errors.New("an LZX block ends early")

// lzx unpacks a folder. A block of the cabinet gives one frame of 32 KiB and
// begins with a new word of 16 bits; blocks of LZX end anywhere.
type lzx struct {
	window []byte // made for the first frame
	bits   int    // its size is 2^bits
	at     int    // in the window
	total  int64  // bytes of the folder so far
	slots  int

	begun     bool
	translate int32 // size for the translation of calls; 0: none

	kind int  // of the current block
	left int  // bytes left in it
	pad  bool // a byte for alignment is due

	recent [3]uint32 // R0, R1 and R2

	mainLengths   [literals + 50*8]uint8
	lengthLengths [lengthSymbols]uint8
	mainCode      huffman
	lengthCode    huffman
	alignedCode   huffman

	out [maxBlock]byte
}

func newLZX(windowBits int) *lzx {
	// The number of position slots that a window needs.
	slots := [...]int{30, 32, 34, 36, 38, 42, 50}[windowBits-minWindow]
	return &lzx{bits: windowBits, slots: slots, recent: [3]uint32{1, 1, 1}}
}

// unpack gives one frame.
func (z *lzx) unpack(packed []byte, size int) ([]byte, error) {
	b := &bitReader{data: packed}
	if !z.begun {
		z.begun = true
		z.window = make([]byte, 1<<z.bits)
		if b.bits(1) == 1 {
			z.translate = int32(b.bits(32))
		}
	}
	start := z.at
	for done := 0; done < size; {
		if z.left == 0 {
			if err := z.block(b); err != nil {
				return nil, err
			}
			continue
		}
		n := min(z.left, size-done, len(z.window)-z.at)
		var err error
		if z.kind == blockUncompressed {
			err = z.copyRaw(b, n)
		} else {
			n, err = z.decode(b, n, size-done)
		}
		if err != nil {
			return nil, err
		}
		done += n
		z.left -= n
		z.total += int64(n)
		if z.left == 0 && z.kind == blockUncompressed && z.pad && b.at < len(b.data) {
			b.seek(b.at + 1)
			z.pad = false
		}
	}
	if b.overrun() {
		return nil, errLZXEnd
	}
	out := z.out[:size]
	n := copy(out, z.window[start:])
	copy(out[n:], z.window)
	z.calls(out, z.total-int64(size))
	return out, nil
}

// block reads the header of a block.
func (z *lzx) block(b *bitReader) error {
	if z.pad && b.at == 0 {
		b.seek(1)
	}
	z.pad = false
	z.kind = int(b.bits(3))
	z.left = int(b.bits(24))
	if b.overrun() {
		return errLZXEnd
	}
	if z.left == 0 {
		return errors.New("an LZX block is empty")
	}
	switch z.kind {
	case blockAligned:
		var lengths [8]uint8
		for i := range lengths {
			lengths[i] = uint8(b.bits(3))
		}
		if err := z.alignedCode.build(lengths[:]); err != nil {
			return fmt.Errorf("aligned offsets: %w", err)
		}
		return z.codes(b)
	case blockVerbatim:
		return z.codes(b)
	case blockUncompressed:
		// One to 16 bits fill the word; then come R0, R1, R2 and the bytes.
		b.bits(1)
		at := b.position()
		if at+12 > len(b.data) {
			return errLZXEnd
		}
		for i := range z.recent {
			z.recent[i] = le.Uint32(b.data[at+4*i:])
		}
		b.seek(at + 12)
		z.pad = z.left&1 == 1
		return nil
	}
	return fmt.Errorf("an LZX block has type %d, expected 1 to 3", z.kind)
}

// codes reads the main code, in two parts, and the code of the lengths.
func (z *lzx) codes(b *bitReader) error {
	main := z.mainLengths[:literals+z.slots*8]
	for _, part := range [][]uint8{main[:literals], main[literals:], z.lengthLengths[:]} {
		if err := readLengths(b, part); err != nil {
			return err
		}
	}
	if b.overrun() {
		return errLZXEnd
	}
	if err := z.mainCode.build(main); err != nil {
		return fmt.Errorf("main code: %w", err)
	}
	if err := z.lengthCode.build(z.lengthLengths[:]); err != nil {
		return fmt.Errorf("code of the lengths: %w", err)
	}
	return nil
}

// readLengths reads the lengths of a code, as differences to those that the
// code had before, in a small code of their own.
func readLengths(b *bitReader, lengths []uint8) error {
	var pre [20]uint8
	for i := range pre {
		pre[i] = uint8(b.bits(4))
	}
	var code huffman
	if err := code.build(pre[:]); err != nil {
		return fmt.Errorf("code of the code lengths: %w", err)
	}
	for i := 0; i < len(lengths); {
		symbol, err := code.read(b)
		if err != nil {
			return err
		}
		run, value := 1, uint8(0)
		switch symbol {
		case 17:
			run = 4 + int(b.bits(4))
		case 18:
			run = 20 + int(b.bits(5))
		case 19:
			run = 4 + int(b.bits(1))
			if symbol, err = code.read(b); err != nil {
				return err
			}
			if symbol > 16 {
				return errCode
			}
			fallthrough
		default:
			value = uint8((int(lengths[i]) - symbol + 17) % 17)
		}
		if i+run > len(lengths) {
			return errors.New("the lengths of an LZX code are more than its symbols")
		}
		for range run {
			lengths[i] = value
			i++
		}
	}
	return nil
}

// copyRaw copies n bytes of an uncompressed block.
func (z *lzx) copyRaw(b *bitReader, n int) error {
	if b.at+n > len(b.data) {
		return errLZXEnd
	}
	copy(z.window[z.at:z.at+n], b.data[b.at:])
	b.at += n
	z.at = (z.at + n) & (len(z.window) - 1)
	return nil
}

// decode decodes at least n bytes of a compressed block, and not beyond limit,
// the end of the frame.
func (z *lzx) decode(b *bitReader, n, limit int) (int, error) {
	mask := len(z.window) - 1
	limit = min(limit, z.left)
	done := 0
	for done < n {
		symbol, err := z.mainCode.read(b)
		if err != nil {
			return 0, err
		}
		if symbol < literals {
			z.window[z.at] = byte(symbol)
			z.at = (z.at + 1) & mask
			done++
			continue
		}
		symbol -= literals
		length := symbol & 7
		if length == 7 {
			more, err := z.lengthCode.read(b)
			if err != nil {
				return 0, err
			}
			length += more
		}
		length += minMatch
		offset, err := z.offset(b, symbol>>3)
		if err != nil {
			return 0, err
		}
		if length > limit-done {
			return 0, errors.New("an LZX match reaches over the end of its block or frame")
		}
		if most := min(z.total+int64(done), int64(len(z.window))); offset == 0 || int64(offset) > most {
			return 0, fmt.Errorf("an LZX match goes back %d bytes, expected 1 to %d", offset, most)
		}
		from := (z.at - int(offset)) & mask
		for range length {
			z.window[z.at] = z.window[from]
			z.at, from = (z.at+1)&mask, (from+1)&mask
		}
		done += length
		if b.overrun() {
			return 0, errLZXEnd
		}
	}
	return done, nil
}

// offset reads how far back a match goes, and remembers it.
func (z *lzx) offset(b *bitReader, slot int) (uint32, error) {
	r := &z.recent
	switch slot {
	case 0:
	case 1, 2:
		r[0], r[slot] = r[slot], r[0]
	default:
		base, extra := position(slot)
		offset := base - 2
		switch {
		case z.kind == blockAligned && extra >= 3:
			offset += b.bits(extra-3) << 3
			low, err := z.alignedCode.read(b)
			if err != nil {
				return 0, err
			}
			offset += uint32(low)
		default:
			offset += b.bits(extra)
		}
		r[0], r[1], r[2] = offset, r[0], r[1]
	}
	return r[0], nil
}

// position gives the first position of a slot and how many bits follow.
func position(slot int) (base uint32, extra int) {
	switch {
	case slot < 4:
		return uint32(slot), 0
	case slot < 36:
		extra = slot/2 - 1
		return uint32(2+slot&1) << extra, extra
	}
	return uint32(slot-34) << 17, 17
}

// calls undoes the translation of x86 calls: their targets were made absolute,
// so that equal targets look alike. The frame begins at byte start.
func (z *lzx) calls(out []byte, start int64) {
	if z.translate == 0 || start >= maxTranslated {
		return
	}
	for i := 0; i < len(out)-10; i++ {
		if out[i] != 0xe8 {
			continue
		}
		at := int32(start) + int32(i)
		target := int32(le.Uint32(out[i+1:]))
		switch {
		case target >= 0 && target < z.translate:
			le.PutUint32(out[i+1:], uint32(target-at))
		case target < 0 && target >= -at:
			le.PutUint32(out[i+1:], uint32(target+z.translate))
		}
		i += 4
	}
}
