package evtx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// fragment builds binary XML at a known place of a chunk.
type fragment struct{ b []byte }

const bodyOffset = chunkHeaderSize + recordHeaderSize

func (f *fragment) at() uint32         { return uint32(bodyOffset + len(f.b)) }
func (f *fragment) raw(b ...byte)      { f.b = append(f.b, b...) }
func (f *fragment) u16(v uint16)       { f.b = binary.LittleEndian.AppendUint16(f.b, v) }
func (f *fragment) u32(v uint32)       { f.b = binary.LittleEndian.AppendUint32(f.b, v) }
func (f *fragment) header()            { f.raw(tokenFragment, 1, 1, 0) }
func (f *fragment) sub(i uint16)       { f.raw(tokenSubstitution); f.u16(i); f.raw(typeString) }
func (f *fragment) set32(at, v uint32) { binary.LittleEndian.PutUint32(f.b[at-bodyOffset:], v) }

func (f *fragment) name(s string) {
	f.u32(f.at() + 4)
	f.u32(0)
	f.u16(0)
	f.u16(uint16(len(s)))
	for _, c := range s {
		f.u16(uint16(c))
	}
	f.u16(0)
}

func (f *fragment) open(name string) {
	f.raw(tokenOpen)
	f.u16(0xffff)
	f.u32(0)
	f.name(name)
	f.raw(tokenCloseStart)
}
func (f *fragment) end() { f.raw(tokenCloseElement) }

// template begins a template instance with its definition; the returned function ends the definition.
func (f *fragment) template() func() {
	f.header()
	f.raw(tokenTemplate, 1)
	f.u32(1)
	f.u32(f.at() + 4)
	f.raw(make([]byte, 20)...)
	size := f.at()
	f.u32(0)
	start := f.at()
	f.header()
	return func() { f.raw(tokenEnd); f.set32(size, f.at()-start) }
}

// system writes an Event with a System part; the caller writes the payload and ends the Event.
func (f *fragment) system() {
	f.open("Event")
	f.open("System")
	f.raw(tokenOpen | tokenMore)
	f.u16(0xffff)
	f.u32(0)
	f.name("Provider")
	f.u32(0)
	f.raw(tokenAttribute)
	f.name("Name")
	f.text("P")
	f.raw(tokenCloseEmpty)
	f.open("EventID")
	f.text("7")
	f.end()
	f.end()
}

func (f *fragment) text(s string) {
	f.raw(tokenText, typeString)
	f.u16(uint16(len(s)))
	for _, c := range s {
		f.u16(uint16(c))
	}
}

// values writes the values of an instance, all of one type.
func (f *fragment) values(typ byte, vals ...[]byte) {
	f.u32(uint32(len(vals)))
	for _, v := range vals {
		f.u16(uint16(len(v)))
		f.raw(typ, 0)
	}
	for _, v := range vals {
		f.raw(v...)
	}
}

// logOf is a log with one chunk and one record of that body.
func logOf(body []byte) []byte {
	b := make([]byte, fileHeaderSize+chunkSize)
	copy(b, fileSignature)
	c := b[fileHeaderSize:]
	copy(c, chunkSignature)
	copy(c[bodyOffset:], body)
	size := uint32(recordHeaderSize + len(body) + 4)
	copy(c[chunkHeaderSize:], recordSignature)
	binary.LittleEndian.PutUint32(c[chunkHeaderSize+4:], size)
	binary.LittleEndian.PutUint32(c[chunkHeaderSize+int(size)-4:], size)
	binary.LittleEndian.PutUint32(c[48:], chunkHeaderSize+size)
	return b
}

func TestHostileRecords(t *testing.T) {
	long := bytes.Repeat([]byte("a\x00"), 20000)
	tests := map[string]struct {
		build func(f *fragment)
		fault string // "" for a record that is delivered
	}{
		"sound": {func(f *fragment) {
			end := f.template()
			f.system()
			f.open("EventData")
			f.open("Data")
			f.sub(0)
			f.end()
			f.end()
			f.end()
			end()
			f.values(typeString, []byte("x\x00"))
		}, ""},
		"bare-elements-without-template": {func(f *fragment) { f.header(); f.system(); f.end(); f.raw(tokenEnd) }, ""},
		"one-value-named-two-thousand-times": {func(f *fragment) {
			end := f.template()
			f.system()
			f.open("EventData")
			for range 2000 {
				f.sub(0)
			}
			f.end()
			f.end()
			end()
			f.values(typeString, long)
		}, "record expands to more than 1 MiB"},
		"array-of-sixty-thousand-items": {func(f *fragment) {
			end := f.template()
			f.system()
			f.open("EventData")
			f.open("Data")
			f.sub(0)
			f.end()
			f.end()
			f.end()
			end()
			f.values(typeUint8|typeArray, make([]byte, 60000))
		}, "record expands to more than 1 MiB"},
		"fragment-whose-template-is-the-one-around-it": {func(f *fragment) {
			f.system2(func(self uint32, inner *fragment) {
				inner.header()
				inner.raw(tokenTemplate, 1)
				inner.u32(1)
				inner.u32(self)
				inner.u32(1)
				inner.u16(0)
				inner.raw(typeBinXML, 0)
			})
		}, ""},
		"fragment-in-fragment-without-end": {func(f *fragment) {
			end := f.template()
			f.system()
			f.sub(0)
			f.end()
			end()
			def := uint32(bodyOffset + 4 + 10)
			var inner []byte
			for range 12 {
				g := fragment{}
				g.header()
				g.raw(tokenTemplate, 1)
				g.u32(1)
				g.u32(def)
				g.values(typeBinXML, inner)
				inner = g.b
			}
			f.values(typeBinXML, inner)
		}, "binary XML fragments are nested too deep"},
		"elements-nested-too-deep": {func(f *fragment) {
			end := f.template()
			f.system()
			for range 500 {
				f.open("A")
			}
			for range 500 {
				f.end()
			}
			f.end()
			end()
			f.values(typeString)
		}, "nested too deep or not closed"},
		"element-not-closed": {func(f *fragment) {
			end := f.template()
			f.system()
			end()
			f.values(typeString)
		}, "nested too deep or not closed"},
		"close-without-open": {func(f *fragment) {
			end := f.template()
			f.end()
			end()
			f.values(typeString)
		}, "nested too deep or not closed"},
		"name-outside-of-the-chunk": {func(f *fragment) {
			end := f.template()
			f.raw(tokenOpen)
			f.u16(0)
			f.u32(0)
			f.u32(0xfffffff0)
			end()
			f.values(typeString)
		}, "lies outside of the chunk"},
		"definition-outside-of-the-chunk": {func(f *fragment) {
			f.header()
			f.raw(tokenTemplate, 1)
			f.u32(1)
			f.u32(0xfffffff0)
			f.values(typeString)
		}, "binary XML ends within a token"},
		"value-count-huge": {func(f *fragment) {
			end := f.template()
			f.system()
			f.end()
			end()
			f.u32(0xffffffff)
		}, "values lie outside of the record"},
		"unknown-token": {func(f *fragment) {
			end := f.template()
			f.raw(0x3f)
			end()
			f.values(typeString)
		}, "unknown binary XML token"},
		"no-system": {func(f *fragment) {
			end := f.template()
			f.open("Event")
			f.end()
			end()
			f.values(typeString)
		}, "no event identifier or provider"},
		"substitution-that-the-record-lacks": {func(f *fragment) {
			end := f.template()
			f.system()
			f.open("EventData")
			f.open("Data")
			f.sub(99)
			f.end()
			f.end()
			f.end()
			end()
			f.values(typeString)
		}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var f fragment
			tt.build(&f)
			if bodyOffset+len(f.b)+4 > chunkSize {
				t.Fatalf("the body takes %d bytes", len(f.b))
			}
			got, cov := scan(t, logOf(f.b), Filter{})
			if tt.fault == "" {
				if len(got) != 1 || got[0].Provider != "P" || got[0].ID != 7 {
					t.Fatalf("records %v, coverage %+v", got, cov)
				}
				return
			}
			if len(got) != 0 || cov.Damaged != 1 || !strings.Contains(fmt.Sprint(cov.RecordFaults), tt.fault) {
				t.Errorf("%d records, faults %v, want %q", len(got), cov.RecordFaults, tt.fault)
			}
		})
	}
}

// system2 writes an event whose payload is a fragment that inner builds with the definition of the event itself.
func (f *fragment) system2(build func(self uint32, inner *fragment)) {
	end := f.template()
	f.system()
	f.sub(0)
	f.end()
	end()
	var inner fragment
	build(bodyOffset+4+10, &inner)
	f.values(typeBinXML, inner.b)
}

// mutate changes up to 60 bytes of the first chunk, or cuts the log off.
func mutate(rnd *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	if rnd.IntN(10) == 0 {
		return b[:fileHeaderSize+rnd.IntN(len(b)-fileHeaderSize)]
	}
	for range 1 + rnd.IntN(60) {
		at := fileHeaderSize + rnd.IntN(chunkSize)
		switch rnd.IntN(3) {
		case 0:
			b[at] = byte(rnd.Uint32())
		case 1:
			b[at] ^= 1 << rnd.IntN(8)
		default:
			b[at] = 0xff
		}
	}
	return b
}

// scanBounded scans a log and fails the test if it caused more work than the bounds allow.
func scanBounded(t *testing.T, b []byte) Coverage {
	t.Helper()
	text := 0
	s := newScanner(Filter{}, func(r *Record) error {
		n := len(r.Binary)
		for _, f := range r.Data {
			n += len(f.Value) + fieldWork
		}
		if n > maxRecordWork {
			t.Errorf("the record at offset %d has %d bytes of text", r.Offset, n)
		}
		text += n
		return nil
	})
	for off := fileHeaderSize; off < len(b); off += chunkSize {
		text = 0
		if err := s.chunk(b[off:min(off+chunkSize, len(b))], int64(off)); err != nil {
			t.Fatal(err)
		}
		// A chunk stops after the record that used up its work.
		if s.left < -maxRecordWork || text > maxChunkWork+maxRecordWork {
			t.Errorf("the chunk at offset %d caused %d units of work and %d bytes of text", off, maxChunkWork-s.left, text)
		}
		if len(s.ops) > maxOps || len(s.names) > maxInterned {
			t.Errorf("the chunk at offset %d left %d template steps and %d names", off, len(s.ops), len(s.names))
		}
	}
	return s.cov
}

func TestMutationsStayBounded(t *testing.T) {
	logs := map[string][]byte{"forged": forged(t, 300)}
	var f fragment
	end := f.template()
	f.system()
	f.open("EventData")
	for range 2000 {
		f.sub(0)
	}
	f.end()
	f.end()
	end()
	f.values(typeString, bytes.Repeat([]byte("a\x00"), 100))
	logs["expanding"] = logOf(f.b)
	for name, log := range logs {
		t.Run(name, func(t *testing.T) {
			if cov := scanBounded(t, log); cov.Matched == 0 || cov.Damaged != 0 {
				t.Fatalf("the log is not sound: %+v", cov)
			}
			damaged := 0
			for i := range 400 {
				damaged += scanBounded(t, mutate(rand.New(rand.NewPCG(uint64(i), 1)), log)).Damaged
			}
			if damaged == 0 {
				t.Error("no mutation damaged a record")
			}
		})
	}
}

func FuzzScan(f *testing.F) {
	f.Add(forged(f, 4)[fileHeaderSize+chunkHeaderSize:][:4000])
	var g fragment
	end := g.template()
	g.system()
	g.open("UserData")
	g.open("Root")
	g.sub(0)
	g.end()
	g.end()
	g.end()
	end()
	g.values(typeUint16|typeArray, []byte{1, 0, 2, 0})
	f.Add(logOf(g.b)[fileHeaderSize+chunkHeaderSize:][:1000])
	// The input is what follows a chunk's header.
	f.Fuzz(func(t *testing.T, records []byte) {
		b := make([]byte, fileHeaderSize+chunkSize)
		copy(b, fileSignature)
		copy(b[fileHeaderSize:], chunkSignature)
		n := copy(b[fileHeaderSize+chunkHeaderSize:], records)
		binary.LittleEndian.PutUint32(b[fileHeaderSize+48:], uint32(chunkHeaderSize+n))
		cov := scanBounded(t, b)
		if cov.Matched > cov.Records || cov.Chunks > 1 {
			t.Errorf("coverage %+v", cov)
		}
	})
}
