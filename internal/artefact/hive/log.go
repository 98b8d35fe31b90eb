package hive

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"sort"
)

// Places in the logs ([regf] "Format of transaction log files"). A log begins with a copy of the base block's first
// sector. Old logs have a bitmap of the sectors that follow it; new ones entries, each with pages.
const (
	kindOldLog1 = 1
	kindOldLog2 = 2
	kindNewLog  = 6

	entryHeader = 40
	maxLog      = 128 << 20
	maxEntry    = 32 << 20
)

// overlay is a hive with sectors of logs in the place of its own.
type overlay struct {
	file    Source
	sectors map[int64]sector // by number
}

type sector struct {
	from io.ReaderAt
	at   int64
}

// ReadAt gives zeros where neither the hive nor a log has anything.
func (o *overlay) ReadAt(p []byte, off int64) (int, error) {
	for done := 0; done < len(p); {
		at := off + int64(done)
		number, within := at/sectorSize, at%sectorSize
		part := p[done:min(len(p), done+int(sectorSize-within))]
		if s, ok := o.sectors[number]; ok {
			if _, err := readFull(s.from, part, s.at+within); err != nil {
				return done, err
			}
		} else {
			// Neighbours that the hive has itself are read together.
			for done+len(part) < len(p) {
				if _, ok := o.sectors[(at+int64(len(part)))/sectorSize]; ok {
					break
				}
				part = p[done:min(len(p), done+len(part)+sectorSize)]
			}
			n := max(0, min(int64(len(part)), o.file.Size-at))
			if n > 0 {
				if _, err := readFull(o.file.Reader, part[:n], at); err != nil {
					return done, err
				}
			}
			clear(part[n:])
		}
		done += len(part)
	}
	return len(p), nil
}

// replay makes h read the hive as the logs complete it, and gives the base block in force.
func (h *Hive) replay(file Source, b base, logs []Source) base {
	o := &overlay{file, map[int64]sector{}}
	usable := h.usable(b, logs)
	if !b.checksumOK && len(usable) > 0 {
		// The base block was being written itself: the log that began first has a copy of it.
		b = usable[0].base
	}
	problems := h.info.LogProblems
	h.info = b.info()
	h.info.LogProblems, h.info.Dirty = problems, true
	next, began := b.secondary, false
	complete := false
	for _, l := range usable {
		switch {
		case l.kind == kindNewLog:
			h.replayEntries(o, l, &b, &next, &began)
			complete = began
		case b.written != l.written || l.primary < b.secondary:
			h.problem(l, "it is not of the same write as the hive")
		default:
			complete = h.replaySectors(o, l, &b)
		}
	}
	if len(o.sectors) > 0 {
		h.file, h.size = o, max(file.Size, baseSize+int64(b.binsSize))
	}
	h.info.Recovered = complete && len(h.info.LogProblems) == 0
	return b
}

type logFile struct {
	Source
	base
	number int
}

func (h *Hive) problem(l logFile, format string, args ...any) {
	h.info.LogProblems = append(h.info.LogProblems, fmt.Sprintf("log %d: ", l.number+1)+fmt.Sprintf(format, args...))
}

// usable gives the logs that can belong to the hive, the one that began first at the front.
func (h *Hive) usable(b base, logs []Source) []logFile {
	var out []logFile
	for i, source := range logs {
		l := logFile{Source: source, number: i}
		if source.Size == 0 {
			continue // Windows keeps an empty second log
		}
		var err error
		if l.base, err = readBase(source); err != nil {
			h.problem(l, "%v", err)
			continue
		}
		switch {
		case source.Size > maxLog:
			h.problem(l, "%d bytes, expected at most %d", source.Size, maxLog)
		case !l.checksumOK:
			h.problem(l, "the checksum of its base block is wrong")
		case l.kind != kindOldLog1 && l.kind != kindOldLog2 && l.kind != kindNewLog:
			h.problem(l, "it is a file of kind %d, expected a log", l.kind)
		case l.root != b.root && b.checksumOK:
			h.problem(l, "it is the log of another hive")
		case l.kind != kindNewLog && l.primary != l.secondary:
			h.problem(l, "it was not written whole itself")
		default:
			out = append(out, l)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].primary < out[j].primary })
	return out
}

// replayEntries applies the entries of a new log that go on where the hive, or the log before, ends. An entry that is
// not whole ends the log: Windows was stopped while it wrote it, or it is left from an earlier use of the file.
func (h *Hive) replayEntries(o *overlay, l logFile, b *base, next *uint32, began *bool) {
	for at := int64(sectorSize); at+entryHeader <= l.Size; {
		head := make([]byte, entryHeader)
		if _, err := readFull(l.Reader, head, at); err != nil {
			h.problem(l, "%v", err)
			return
		}
		u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(head[i:]) }
		if string(head[:4]) != "HvLE" {
			return
		}
		size, sequence, binsSize, pages := int64(u32(4)), u32(12), u32(16), u32(20)
		if size < sectorSize || size%sectorSize != 0 || at+size > l.Size || size > maxEntry || entryHeader+8*int64(pages) > size {
			h.problem(l, "the entry at offset %#x has no possible size (%d)", at, size)
			return
		}
		entry := make([]byte, size)
		if _, err := readFull(l.Reader, entry, at); err != nil {
			h.problem(l, "%v", err)
			return
		}
		if marvin(entry[entryHeader:]) != binary.LittleEndian.Uint64(head[24:]) || marvin(head[:32]) != binary.LittleEndian.Uint64(head[32:]) {
			h.problem(l, "the hash of the entry at offset %#x is wrong", at)
			return
		}
		if sequence < *next && !*began {
			at += size // already in the hive
			continue
		}
		if sequence != *next {
			if sequence > *next {
				h.problem(l, "change %d is missing: the entry at offset %#x has change %d", *next, at, sequence)
			}
			return
		}
		if !o.addPages(l, at, entry, int(pages), int64(binsSize)) {
			h.problem(l, "the entry at offset %#x has a page that cannot be", at)
			return
		}
		*began, *next, b.binsSize = true, sequence+1, binsSize
		h.info.Replayed++
		at += size
	}
}

// addPages puts the pages of an entry into effect: pairs of offset and size first, then their bytes.
func (o *overlay) addPages(l logFile, entryAt int64, entry []byte, pages int, binsSize int64) bool {
	if binsSize > maxHive {
		return false
	}
	type ref struct{ to, from, size int64 }
	refs := make([]ref, 0, pages)
	from := entryHeader + 8*int64(pages)
	for i := range pages {
		to := int64(binary.LittleEndian.Uint32(entry[entryHeader+8*i:]))
		size := int64(binary.LittleEndian.Uint32(entry[entryHeader+8*i+4:]))
		if to%sectorSize != 0 || size%sectorSize != 0 || to+size > binsSize || from+size > int64(len(entry)) {
			return false
		}
		refs = append(refs, ref{to, from, size})
		from += size
	}
	for _, r := range refs {
		for i := int64(0); i < r.size; i += sectorSize {
			o.sectors[(baseSize+r.to+i)/sectorSize] = sector{l.Reader, entryAt + r.from + i}
		}
	}
	return true
}

// replaySectors applies an old log: "DIRT", a bit for each sector of the hive's bins, and the sectors whose bit is set.
func (h *Hive) replaySectors(o *overlay, l logFile, b *base) bool {
	sectors := int64(l.binsSize) / sectorSize
	bitmap := make([]byte, min(4+(sectors+7)/8, max(0, l.Size-sectorSize)))
	if _, err := readFull(l.Reader, bitmap, sectorSize); err != nil || len(bitmap) < 4 || string(bitmap[:4]) != "DIRT" || int64(len(bitmap)) < 4+(sectors+7)/8 {
		h.problem(l, "it has no list of the sectors in it")
		return false
	}
	at := sectorSize + (int64(len(bitmap))+sectorSize-1)/sectorSize*sectorSize
	found := map[int64]sector{}
	for i := range sectors {
		if bitmap[4+i/8]>>(i%8)&1 == 0 {
			continue
		}
		if at+sectorSize > l.Size {
			h.problem(l, "it ends within the sectors that it lists")
			return false
		}
		found[baseSize/sectorSize+i] = sector{l.Reader, at}
		at += sectorSize
	}
	for number, s := range found {
		o.sectors[number] = s
	}
	b.binsSize = l.binsSize
	h.info.Replayed++
	return true
}

// marvin is the hash of log entries ([regf] "Log entry").
func marvin(b []byte) uint64 { return marvin32(0x82EF4D887A4E55C5, b) }

// marvin32 is the hash Marvin32 (US patent 20130262421).
func marvin32(seed uint64, b []byte) uint64 {
	lo, hi := uint32(seed), uint32(seed>>32)
	mix := func(word uint32) {
		lo += word
		hi ^= lo
		lo = bits.RotateLeft32(lo, 20) + hi
		hi = bits.RotateLeft32(hi, 9) ^ lo
		lo = bits.RotateLeft32(lo, 27) + hi
		hi = bits.RotateLeft32(hi, 19)
	}
	for ; len(b) >= 4; b = b[4:] {
		mix(binary.LittleEndian.Uint32(b))
	}
	last := uint32(0x80)
	for i := len(b) - 1; i >= 0; i-- {
		last = last<<8 | uint32(b[i])
	}
	mix(last)
	mix(0)
	return uint64(hi)<<32 | uint64(lo)
}
