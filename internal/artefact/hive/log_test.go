package hive

import (
	"bytes"
	"encoding/binary"
	"testing"

	forge "github.com/rectify-project/rectify/internal/forge/hive"
)

// page is a part of a hive's bins that a log entry has.
type page struct {
	at   uint32
	data []byte
}

// newLog makes a log with one entry for each page, whose sequence numbers go on from first.
func newLog(hive []byte, first uint32, pages ...page) []byte {
	log := logBase(hive, kindNewLog, first)
	for i, p := range pages {
		size := (entryHeader + 8 + len(p.data) + sectorSize - 1) / sectorSize * sectorSize
		e := make([]byte, size)
		copy(e, "HvLE")
		for at, v := range map[int]uint32{4: uint32(size), 12: first + uint32(i), 16: uint32(len(hive) - baseSize), 20: 1, 40: p.at, 44: uint32(len(p.data))} {
			binary.LittleEndian.PutUint32(e[at:], v)
		}
		copy(e[entryHeader+8:], p.data)
		log = append(log, e...)
	}
	sealEntries(log)
	return log
}

func logBase(hive []byte, kind, sequence uint32) []byte {
	log := bytes.Clone(hive[:sectorSize])
	for at, v := range map[int]uint32{offSequence: sequence, offSequence + 4: sequence, offType: kind} {
		binary.LittleEndian.PutUint32(log[at:], v)
	}
	binary.LittleEndian.PutUint32(log[offChecksum:], checksum(log))
	return log
}

// sealEntries writes the hashes of all entries.
func sealEntries(log []byte) {
	for at := sectorSize; at+entryHeader <= len(log); {
		e := log[at:]
		size := int64(binary.LittleEndian.Uint32(e[4:]))
		if size < entryHeader || size > int64(len(e)) {
			return
		}
		binary.LittleEndian.PutUint64(e[24:], marvin(e[entryHeader:size]))
		binary.LittleEndian.PutUint64(e[32:], marvin(e[:32]))
		at += int(size)
	}
}

// oldLog makes a log of the old kind with the given sectors of the hive's bins.
func oldLog(hive []byte, sequence uint32, sectors ...int) []byte {
	log := logBase(hive, kindOldLog1, sequence)
	n := (len(hive) - baseSize) / sectorSize
	bitmap := make([]byte, (4+(n+7)/8+sectorSize-1)/sectorSize*sectorSize)
	copy(bitmap, "DIRT")
	var data []byte
	for _, s := range sectors {
		bitmap[4+s/8] |= 1 << (s % 8)
		data = append(data, hive[baseSize+s*sectorSize:][:sectorSize]...)
	}
	return append(append(log, bitmap...), data...)
}

func TestReplay(t *testing.T) {
	state := func(start uint32) []byte { // of a hive; dirty: sequence numbers 2 and 1
		return forged(t, (&forge.Key{}).Set(forge.DWord("Start", start)), true)
	}
	before, between, after := state(4), state(3), state(2)
	bins := func(b []byte) page { return page{0, b[baseSize:]} }
	badSum := bytes.Clone(before)
	badSum[200] ^= 1
	broken := newLog(after, 1, bins(between), bins(after))
	broken[len(broken)-1] ^= 1
	for name, c := range map[string]struct {
		hive      []byte
		logs      [][]byte
		start     uint32
		replayed  int
		recovered bool
		problems  int
	}{
		"no-log":            {before, nil, 4, 0, false, 0},
		"empty-log":         {before, [][]byte{{}}, 4, 0, false, 0},
		"one-log":           {before, [][]byte{newLog(after, 1, bins(between), bins(after))}, 2, 2, true, 0},
		"two-logs":          {before, [][]byte{newLog(after, 2, bins(after)), newLog(after, 1, bins(between))}, 2, 2, true, 0},
		"gap-between-logs":  {before, [][]byte{newLog(after, 1, bins(between)), newLog(after, 3, bins(after))}, 3, 1, false, 1},
		"left-from-before":  {before, [][]byte{append(newLog(after, 1, bins(after)), newLog(after, 0, bins(between))[sectorSize:]...)}, 2, 1, true, 0},
		"already-written":   {before, [][]byte{newLog(after, 0, bins(between), bins(after))}, 2, 1, true, 0},
		"later-than-hive":   {before, [][]byte{newLog(after, 5, bins(after))}, 4, 0, false, 1},
		"last-entry-broken": {before, [][]byte{broken}, 3, 1, false, 1},
		"page-outside":      {before, [][]byte{newLog(after, 1, page{1 << 30, after[baseSize:]})}, 4, 0, false, 1},
		"base-block-broken": {badSum, [][]byte{newLog(after, 1, bins(after))}, 2, 1, true, 0},
		"old-log":           {before, [][]byte{oldLog(after, 2, 0)}, 2, 1, true, 0},
		"old-log-cut":       {before, [][]byte{oldLog(after, 2, 0)[:1500]}, 4, 0, false, 1},
		"not-a-log":         {before, [][]byte{before}, 4, 0, false, 1},
		"garbage":           {before, [][]byte{make([]byte, 5000)}, 4, 0, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := open(c.hive, c.logs...)
			if err != nil {
				t.Fatal(err)
			}
			if info := h.Info(); !info.Dirty || info.Replayed != c.replayed || info.Recovered != c.recovered || len(info.LogProblems) != c.problems {
				t.Errorf("info %+v", info)
			}
			if got := data(t, h, "", "Start"); got != string('0'+rune(c.start)) {
				t.Errorf("start %s, want %d", got, c.start)
			}
		})
	}
}

func TestReplayLetsTheHiveGrow(t *testing.T) {
	before := forged(t, (&forge.Key{}).Set(forge.DWord("Start", 4)), true)
	after := forged(t, (&forge.Key{}).Set(forge.Binary("long", make([]byte, 20000))), true)
	h, err := open(before, newLog(after, 1, page{0, after[baseSize:]}))
	if err != nil {
		t.Fatal(err)
	}
	v, err := h.mustOpen(t, "").Value("long")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := v.Bytes(); len(b) != 20000 || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestCleanHiveNeedsNoLog(t *testing.T) {
	clean := forged(t, (&forge.Key{}).Set(forge.DWord("Start", 3)), false)
	h, err := open(clean, newLog(clean, 1, page{0, make([]byte, 4096)}))
	if err != nil {
		t.Fatal(err)
	}
	if got := data(t, h, "", "Start"); got != "3" || h.Info().Replayed != 0 || h.Info().Dirty {
		t.Errorf("start %s, info %+v", got, h.Info())
	}
}

// Hashes as the tests of .NET have them.
func TestMarvin32(t *testing.T) {
	for in, want := range map[string]uint64{
		"": 0x30ED35C100CD3C7D, "\xaf": 0x48E73FC77D75DDC1, "\xe7\x0f": 0xB5F6E1FC485DBFF8, "\x37\xf4\x95": 0xF0B07C789B8CF7E8,
		"\x86\x42\xdc\x59": 0x7008F2E87E9CF556,
	} {
		if got := marvin32(0x004FB61A001BDBCC, []byte(in)); got != want {
			t.Errorf("%x: got %#x, want %#x", in, got, want)
		}
	}
}

func TestOverlayReadsAcrossItsParts(t *testing.T) {
	file := bytes.Repeat([]byte("f"), 3*sectorSize)
	o := &overlay{Source{bytes.NewReader(file), int64(len(file))}, map[int64]sector{
		1: {bytes.NewReader(bytes.Repeat([]byte("l"), sectorSize)), 0},
		4: {bytes.NewReader(bytes.Repeat([]byte("m"), 2*sectorSize)), sectorSize},
	}}
	want := make([]byte, 5*sectorSize)
	for i := range want {
		want[i] = "flf\x00m"[i/sectorSize]
	}
	for off := range int64(1100) {
		for _, n := range []int{1, 511, 512, 513, 1400} {
			got := make([]byte, n)
			if _, err := o.ReadAt(got, off); err != nil || !bytes.Equal(got, want[off:off+int64(n)]) {
				t.Fatalf("%d bytes at %d differ (%v)", n, off, err)
			}
		}
	}
}
