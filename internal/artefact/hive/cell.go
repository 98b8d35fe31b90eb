package hive

import (
	"encoding/binary"
	"fmt"
)

// nothing is the offset of a cell that is not there.
const nothing = 0xFFFFFFFF

// firstRead is how much of a cell is read at once with its size: most keys and values fit.
const firstRead = 256

// corrupt is an error about the cell at off, which is relative to the end of the base block, as all offsets in cells.
func corrupt(off uint32, format string, args ...any) error {
	return &CorruptError{baseSize + int64(off), fmt.Sprintf(format, args...)}
}

// cell reads the allocated cell at off: its first limit bytes, if it has as many, or fails if it has fewer than least.
func (h *Hive) cell(off uint32, least, limit int) ([]byte, error) {
	at := baseSize + int64(off)
	if off%8 != 0 || at+8 > h.size {
		return nil, corrupt(off, "no cell can be here")
	}
	b := make([]byte, min(firstRead, h.size-at))
	if _, err := readFull(h.file, b, at); err != nil {
		return nil, err
	}
	size := -int64(int32(binary.LittleEndian.Uint32(b)))
	if size < 8 || at+size > h.size {
		return nil, corrupt(off, "a cell of %d bytes, of which %d are in the file; expected an allocated cell", size, h.size-at)
	}
	n := min(size-4, int64(limit))
	if n < int64(least) {
		return nil, corrupt(off, "a cell with %d bytes of content, expected at least %d", n, least)
	}
	if n+4 <= int64(len(b)) {
		return b[4 : 4+n], nil
	}
	whole := make([]byte, n)
	done := copy(whole, b[4:])
	_, err := readFull(h.file, whole[done:], at+4+int64(done))
	return whole, err
}

// name decodes the name of a key or value: Latin-1 if it is compressed, else UTF-16LE.
func name(b []byte, compressed bool) string {
	if !compressed {
		return decode16(b)
	}
	for _, c := range b {
		if c >= 0x80 {
			r := make([]rune, len(b))
			for i, c := range b {
				r[i] = rune(c)
			}
			return string(r)
		}
	}
	return string(b)
}
