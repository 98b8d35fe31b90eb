package etl

// compress packs src as plain LZ77 ([MS-XCA] 2.3): the nearest earlier place of
// the next three bytes is tried, nothing cleverer.
func compress(src []byte) []byte {
	const (
		window   = 1 << 13
		minMatch = 3
		maxMatch = 1 << 15
	)
	w := packer{half: -1}
	seen := map[[3]byte]int{}
	for p := 0; p < len(src); {
		length, offset := 0, 0
		if p+minMatch <= len(src) {
			if from, ok := seen[[3]byte(src[p:])]; ok && p-from <= window {
				offset = p - from
				for p+length < len(src) && length < maxMatch && src[from+length] == src[p+length] {
					length++
				}
			}
		}
		if length < minMatch {
			length = 1
			w.literal(src[p])
		} else {
			w.match(length, offset)
		}
		for end := p + length; p < end; p++ {
			if p+minMatch <= len(src) {
				seen[[3]byte(src[p:])] = p
			}
		}
	}
	return w.end()
}

// packer writes groups of 32 flag bits and what they announce. The bits are
// filled from the highest; a set bit announces a match.
type packer struct {
	out   []byte
	group int // position of the flags of the current group
	used  int // flag bits used in it
	flags uint32
	half  int // position of a length byte whose high half is free, -1 without
}

func (w *packer) flag(bit uint32) {
	if w.used == 0 {
		w.group = len(w.out)
		w.out = append(w.out, 0, 0, 0, 0)
	}
	w.flags |= bit << (31 - w.used)
	if w.used++; w.used == 32 {
		w.close()
	}
}

// close writes the flags of a group, whose room was kept.
func (w *packer) close() {
	le.PutUint32(w.out[w.group:], w.flags)
	w.used, w.flags = 0, 0
}

func (w *packer) literal(c byte) {
	w.flag(0)
	w.out = append(w.out, c)
}

func (w *packer) match(length, offset int) {
	w.flag(1)
	length -= 3
	w.out = le.AppendUint16(w.out, uint16((offset-1)<<3|min(length, 7)))
	if length < 7 {
		return
	}
	length -= 7
	nibble := byte(min(length, 15))
	if w.half >= 0 {
		w.out[w.half] |= nibble << 4
		w.half = -1
	} else {
		w.half = len(w.out)
		w.out = append(w.out, nibble)
	}
	if length < 15 {
		return
	}
	length -= 15
	if length < 255 {
		w.out = append(w.out, byte(length))
		return
	}
	w.out = append(w.out, 255)
	w.out = le.AppendUint16(w.out, uint16(length+15+7))
}

// end closes the last group: the bits that are left are set, and as no match
// follows they end the data.
func (w *packer) end() []byte {
	if w.used == 0 {
		w.out = append(w.out, 0xff, 0xff, 0xff, 0xff)
		return w.out
	}
	for i := w.used; i < 32; i++ {
		w.flags |= 1 << (31 - i)
	}
	w.close()
	return w.out
}
