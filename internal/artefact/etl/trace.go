// Package etl reads event trace logs, the .etl files that Event Tracing for
// Windows writes, on any operating system and without the providers' files.
//
// A trace is a run of buffers; the first one carries the description of the
// session. Buffers may be compressed, and a session that never ended leaves a
// trace whose header counts no buffers: what is there is read all the same.
// TraceLogging events carry their own names and types and are decoded whole.
// WPP messages and manifest events need files that a trace does not hold; they
// are delivered without text and counted, so that nobody takes silence for
// health.
package etl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"
)

// ErrNotTrace is wrapped by the error that [Open] returns for input that is no
// event trace log at all.
var ErrNotTrace = errors.New("not an event trace log")

// maxBuffer bounds one trace buffer, packed or not: the largest that Windows
// lets a session have (EVENT_TRACE_PROPERTIES.BufferSize, 16384 KB).
const maxBuffer = 16 << 20

// Header describes the session that wrote a trace (TRACE_LOGFILE_HEADER).
type Header struct {
	Session     string    // name of the logging session
	File        string    // path that the session wrote to, on the machine that was traced
	Build       uint32    // Windows build number
	Processors  uint32    // number of processors
	PointerSize uint32    // 4 or 8 bytes
	BufferSize  uint32    // bytes of one unpacked buffer
	Mode        uint32    // EVENT_TRACE_FILE_MODE_* flags
	Boot        time.Time // UTC
	Start       time.Time // UTC
	End         time.Time // UTC; zero: the session was never closed
	Buffers     uint32    // buffers that the session counted; 0 in a trace that was never closed
	EventsLost  uint32
	BuffersLost uint32
}

// Closed tells whether the session that wrote the trace was ended in order.
func (h Header) Closed() bool { return !h.End.IsZero() }

const (
	modeCircular   = 0x00000002 // EVENT_TRACE_FILE_MODE_CIRCULAR
	modeCompressed = 0x04000000 // EVENT_TRACE_COMPRESSED_MODE
)

// Trace is an opened event trace log.
type Trace struct {
	r      io.ReaderAt
	size   int64
	header Header
	clock  clock
}

// Open reads the header of the trace of size bytes in r. The error wraps
// [ErrNotTrace] when the input is no trace, or when its first buffer is damaged
// such that neither buffer size nor clock are known.
func Open(r io.ReaderAt, size int64) (*Trace, error) {
	t := &Trace{r: r, size: size}
	head, err := t.readBufferHeader(0)
	if err != nil {
		return nil, err
	}
	if reason := head.implausible(); reason != "" {
		return nil, fmt.Errorf("%w: offset 0x0: %s", ErrNotTrace, reason)
	}
	if head.kind != bufferTypeHeader || head.compressed() {
		return nil, fmt.Errorf("%w: offset 0x0: buffer type %d with flags 0x%x, expected the uncompressed header buffer (type %d)",
			ErrNotTrace, head.kind, head.flags, bufferTypeHeader)
	}
	// The trace header is some 600 bytes; nothing beyond one page is needed.
	b := make([]byte, min(int64(head.size), size, 64<<10))
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the header buffer: %w", err)
	}
	if err := t.parseHeader(b[bufferHeaderSize:max(n, bufferHeaderSize)]); err != nil {
		return nil, fmt.Errorf("%w: offset 0x%x: %w", ErrNotTrace, bufferHeaderSize, err)
	}
	return t, nil
}

// Header returns the description of the session.
func (t *Trace) Header() Header { return t.header }

// parseHeader reads the record that opens every trace: a SYSTEM_TRACE_HEADER
// of type 0 in group 0, followed by TRACE_LOGFILE_HEADER (evntrace.h).
func (t *Trace) parseHeader(b []byte) error {
	const systemHeader = 32
	if len(b) < systemHeader+56 {
		return fmt.Errorf("%d bytes left, expected the trace header record", len(b))
	}
	flags, kind := b[3], b[2]
	if flags != 0xc0 || (kind != recordSystem32 && kind != recordSystem64) || le.Uint16(b[6:]) != 0 {
		return fmt.Errorf("record marker %x, expected the trace header (a system record of type 0)", b[:8])
	}
	size := int(le.Uint16(b[4:]))
	if size > len(b) {
		return fmt.Errorf("the trace header says %d bytes, %d are there", size, len(b))
	}
	h := b[min(systemHeader, size):size]
	pointer := 8
	if len(h) >= 48 && le.Uint32(h[44:]) == 4 {
		pointer = 4
	}
	// Two pointers and TIME_ZONE_INFORMATION (172 bytes) lie between the
	// counters and the clock.
	at := (56 + 2*pointer + 172 + 7) &^ 7
	if len(h) < at+32 {
		return fmt.Errorf("the trace header has %d bytes, expected at least %d", len(h), at+32)
	}
	t.header = Header{
		BufferSize:  le.Uint32(h),
		Build:       le.Uint32(h[8:]),
		Processors:  le.Uint32(h[12:]),
		End:         fileTime(le.Uint64(h[16:])),
		Mode:        le.Uint32(h[32:]),
		Buffers:     le.Uint32(h[36:]),
		PointerSize: uint32(pointer),
		EventsLost:  le.Uint32(h[48:]),
		Boot:        fileTime(le.Uint64(h[at:])),
		Start:       fileTime(le.Uint64(h[at+16:])),
		BuffersLost: le.Uint32(h[at+28:]),
	}
	if s := t.header.BufferSize; s < bufferHeaderSize || s > maxBuffer {
		return fmt.Errorf("the trace header says buffers of %d bytes, expected %d to %d", s, bufferHeaderSize, maxBuffer)
	}
	t.clock = newClock(le.Uint32(h[at+24:]), le.Uint64(h[at+8:]), le.Uint32(h[52:]), le.Uint64(b[16:]), le.Uint64(h[at+16:]))
	names := h[at+32:]
	t.header.Session, names = cutUTF16(names)
	t.header.File, _ = cutUTF16(names)
	return nil
}

var le = binary.LittleEndian

// cutUTF16 returns the text before the first NUL of b, and what follows the
// NUL. Text without a NUL reaches to the end.
func cutUTF16(b []byte) (text string, rest []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return textUTF16(b[:i]), b[i+2:]
		}
	}
	return textUTF16(b), nil
}

// textUTF16 decodes little-endian UTF-16; lone surrogates become U+FFFD.
func textUTF16(b []byte) string {
	var s strings.Builder
	s.Grow(len(b) / 2)
	for i := 0; i+1 < len(b); i += 2 {
		c := rune(le.Uint16(b[i:]))
		if utf16.IsSurrogate(c) && i+3 < len(b) {
			if pair := utf16.DecodeRune(c, rune(le.Uint16(b[i+2:]))); pair != 0xfffd {
				c, i = pair, i+2
			}
		}
		s.WriteRune(c)
	}
	return s.String()
}
