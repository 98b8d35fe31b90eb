// Package etl writes event trace logs such as Event Tracing for Windows leaves
// behind, for example disks and for tests. The same trace always gives the same
// bytes.
package etl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
)

// Trace is a log to be written. Times are stamped with the system clock
// (FILETIME), so that every time is exact to 100 ns.
type Trace struct {
	Session    string // name of the logging session
	File       string // path that the session says it writes to
	Build      uint32 // Windows build number
	BufferSize int    // 4096, 8192 or another multiple of 1024 up to 1 MiB; 0 is 4096
	Start      time.Time
	End        time.Time // zero: the session was never closed
	Compressed bool      // pack the buffers
	Records    []Record
}

// Record is one thing that a trace holds: an [Event] or a [Message].
type Record interface {
	// encode returns the record, not padded.
	encode() ([]byte, error)
}

const (
	bufferHeaderSize = 0x48
	packedHeaderSize = 1024 // a compressed trace trims its header buffer to this

	flagFlush          = 0x01
	flagProcessorIndex = 0x20
	flagCompressed     = 0x40
	bufferTypeGeneric  = 0
	bufferTypeHeader   = 4

	modeSequential = 0x00000001
	modeCompressed = 0x04000000
)

var le = binary.LittleEndian

// WriteTo writes the trace to w.
func (t Trace) WriteTo(w io.Writer) (int64, error) {
	b, err := t.Bytes()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

// Bytes returns the trace. The error names a record that cannot be expressed
// or that does not fit into a buffer.
func (t Trace) Bytes() ([]byte, error) {
	if t.BufferSize == 0 {
		t.BufferSize = 4096
	}
	if t.BufferSize < 1024 || t.BufferSize > 1<<20 || t.BufferSize%1024 != 0 {
		return nil, fmt.Errorf("buffers of %d bytes, expected a multiple of 1024 up to 1 MiB", t.BufferSize)
	}
	bodies, err := t.bodies()
	if err != nil {
		return nil, err
	}
	header := t.header(len(bodies) + 1)
	if len(header) > t.BufferSize-bufferHeaderSize {
		return nil, fmt.Errorf("session and file name take %d bytes, a buffer has %d", len(header), t.BufferSize-bufferHeaderSize)
	}
	var out bytes.Buffer
	if size := len(header) + bufferHeaderSize; t.Compressed && size <= packedHeaderSize {
		t.buffer(&out, packedHeaderSize, size, flagFlush, bufferTypeHeader, 0, header)
	} else {
		t.buffer(&out, t.BufferSize, size, flagFlush|flagProcessorIndex, bufferTypeHeader, 0, header)
	}
	for i, body := range bodies {
		used := len(body) + bufferHeaderSize
		flags := uint16(flagProcessorIndex)
		if i == len(bodies)-1 {
			flags |= flagFlush
		}
		if t.Compressed {
			packed := compress(body)
			t.buffer(&out, len(packed)+bufferHeaderSize, used, flags|flagCompressed, bufferTypeGeneric, i+1, packed)
			continue
		}
		t.buffer(&out, t.BufferSize, used, flags, bufferTypeGeneric, i+1, body)
	}
	return out.Bytes(), nil
}

// bodies packs the records, each padded to 8 bytes, into as few buffers as
// their order allows.
func (t Trace) bodies() ([][]byte, error) {
	var bodies [][]byte
	var body []byte
	for i, r := range t.Records {
		b, err := r.encode()
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", i, err)
		}
		b = pad(b)
		if len(b) > t.BufferSize-bufferHeaderSize {
			return nil, fmt.Errorf("record %d takes %d bytes, a buffer has %d", i, len(b), t.BufferSize-bufferHeaderSize)
		}
		if len(body)+len(b) > t.BufferSize-bufferHeaderSize {
			bodies, body = append(bodies, body), nil
		}
		body = append(body, b...)
	}
	if len(body) > 0 {
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// buffer writes WMI_BUFFER_HEADER and the body; what is left of size is filled
// with 0xFF, as Windows does.
func (t Trace) buffer(out *bytes.Buffer, size, used int, flags, kind uint16, sequence int, body []byte) {
	h := make([]byte, bufferHeaderSize)
	le.PutUint32(h[0x00:], uint32(size))
	le.PutUint32(h[0x04:], uint32(used))
	le.PutUint32(h[0x08:], uint32(used))
	le.PutUint64(h[0x18:], uint64(sequence))
	le.PutUint32(h[0x2c:], 3) // EtwBufferStateFlush
	le.PutUint32(h[0x30:], uint32(used))
	le.PutUint16(h[0x34:], flags)
	le.PutUint16(h[0x36:], kind)
	out.Write(h)
	out.Write(body)
	out.Write(bytes.Repeat([]byte{0xff}, max(size-len(h)-len(body), 0)))
}

// header is the record that opens a trace: SYSTEM_TRACE_HEADER of type 0,
// TRACE_LOGFILE_HEADER for 64 bits, and both names (evntrace.h).
func (t Trace) header(buffers int) []byte {
	const zone = 72 // after 56 bytes of counters and two pointers
	h := make([]byte, 280)
	le.PutUint32(h[0:], uint32(t.BufferSize))
	copy(h[4:], []byte{10, 0, 1, 5}) // major, minor, sub version, sub minor version
	le.PutUint32(h[8:], t.Build)
	le.PutUint32(h[12:], 1) // processors
	le.PutUint32(h[24:], 156250)
	le.PutUint32(h[32:], t.mode())
	le.PutUint32(h[40:], 1) // buffers at the start
	le.PutUint32(h[44:], 8) // pointer size
	le.PutUint32(h[52:], 2400)
	le.PutUint64(h[56:], 6) // the names are where these pointers once led
	le.PutUint64(h[64:], 7)
	le.PutUint32(h[zone:], 0) // bias: the machine's clock is on UTC
	le.PutUint64(h[248:], fileTime(t.Start.Add(-time.Hour)))
	le.PutUint64(h[256:], 10_000_000)
	le.PutUint64(h[264:], fileTime(t.Start))
	le.PutUint32(h[272:], 2) // the clock: system time
	if !t.End.IsZero() {
		le.PutUint64(h[16:], fileTime(t.End))
		le.PutUint32(h[36:], uint32(buffers))
	}
	h = append(h, utf16z(t.Session)...)
	h = append(h, utf16z(t.File)...)

	r := make([]byte, 32, 32+len(h))
	copy(r, []byte{2, 0, 2, 0xc0}) // version 2, SYSTEM64
	le.PutUint16(r[4:], uint16(32+len(h)))
	le.PutUint64(r[16:], fileTime(t.Start))
	return pad(append(r, h...))
}

func (t Trace) mode() uint32 {
	if t.Compressed {
		return modeSequential | modeCompressed
	}
	return modeSequential
}

func pad(b []byte) []byte {
	return append(b, make([]byte, -len(b)&7)...)
}

// fileTime gives units of 100 ns since 1601-01-01 UTC.
func fileTime(t time.Time) uint64 {
	const epoch = 11_644_473_600 // seconds from 1601 to 1970
	return uint64(t.Unix()+epoch)*10_000_000 + uint64(t.Nanosecond()/100)
}

func utf16z(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return append(b, 0, 0)
}
