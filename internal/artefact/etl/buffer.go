package etl

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// WMI_BUFFER_HEADER (ntwmi.h): 72 bytes before the records of each buffer.
const bufferHeaderSize = 0x48

const (
	bufferTypeHeader = 4    // ETW_BUFFER_TYPE_HEADER
	flagEventsLost   = 0x02 // ETW_BUFFER_FLAG_EVENTS_LOST
	flagBufferLost   = 0x04 // ETW_BUFFER_FLAG_BUFFER_LOST
	flagCompressed   = 0x40 // ETW_BUFFER_FLAG_COMPRESSED
	flagsKnown       = 0x7f
)

type bufferHeader struct {
	size  uint32 // bytes in the file, this header included: the next buffer follows
	used  uint32 // bytes used, this header included, after unpacking
	flags uint16
	kind  uint16
	blank bool // all zero: preallocated and never written
}

func (h bufferHeader) compressed() bool { return h.flags&flagCompressed != 0 }

// implausible says why the header cannot be one, "" if it can.
func (h bufferHeader) implausible() string {
	switch {
	case h.size < bufferHeaderSize || h.size > maxBuffer:
		return fmt.Sprintf("buffer of %d bytes, expected %d to %d", h.size, bufferHeaderSize, maxBuffer)
	case h.flags&^flagsKnown != 0:
		return fmt.Sprintf("buffer flags 0x%x, expected at most 0x%x", h.flags, flagsKnown)
	case h.used < bufferHeaderSize || h.used > maxBuffer:
		return fmt.Sprintf("buffer uses %d bytes, expected %d to %d", h.used, bufferHeaderSize, maxBuffer)
	case !h.compressed() && h.used > h.size:
		return fmt.Sprintf("buffer uses %d of its %d bytes", h.used, h.size)
	}
	return ""
}

func (t *Trace) readBufferHeader(at int64) (bufferHeader, error) {
	var b [bufferHeaderSize]byte
	if t.size-at < bufferHeaderSize {
		return bufferHeader{}, fmt.Errorf("%w: %d bytes at offset 0x%x, expected a buffer header of %d bytes",
			ErrNotTrace, max(t.size-at, 0), at, bufferHeaderSize)
	}
	if _, err := t.r.ReadAt(b[:], at); err != nil {
		return bufferHeader{}, fmt.Errorf("read the buffer header at offset 0x%x: %w", at, err)
	}
	h := bufferHeader{
		size:  le.Uint32(b[0x00:]),
		used:  le.Uint32(b[0x30:]),
		flags: le.Uint16(b[0x34:]),
		kind:  le.Uint16(b[0x36:]),
		blank: b == [bufferHeaderSize]byte{},
	}
	// A buffer that was written out while in use has only its saved offset.
	if h.used == 0 {
		h.used = le.Uint32(b[0x04:])
	}
	return h, nil
}

// maxExpansion bounds what all packed buffers of a trace may unpack to, as a
// multiple of its size, so that a small hostile file cannot keep the reader
// busy. Buffers of one repeated event stay far below.
const maxExpansion = 1024

// Scan calls fn for every record of the trace, buffer by buffer in the order
// of the file. Buffers belong to processors, so times only ascend within one.
// The description of the session itself is not delivered.
//
// Damaged buffers are skipped and told in [Stats]. The error is that of fn, of
// ctx, or of reading; the statistics cover what was read until then.
func (t *Trace) Scan(ctx context.Context, fn func(*Event) error) (Stats, error) {
	w := walker{trace: t, fn: fn, budget: t.size * maxExpansion}
	w.stats = Stats{Header: t.header, Kinds: map[Kind]int{}}
	err := w.walk(ctx)
	return w.stats, err
}

type walker struct {
	trace   *Trace
	fn      func(*Event) error
	stats   Stats
	visited int64 // buffers met, damaged ones included
	budget  int64 // bytes that may still be unpacked
	packed  []byte
	plain   []byte
}

func (w *walker) walk(ctx context.Context) error {
	t := w.trace
	at := int64(0)
	for at < t.size {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.size-at < bufferHeaderSize {
			w.stats.Truncated = true
			break
		}
		h, err := t.readBufferHeader(at)
		if err != nil {
			return err
		}
		next, err := w.buffer(at, h)
		if err != nil {
			return err
		}
		at = next
	}
	h := t.header
	if h.Closed() && h.Mode&modeCircular == 0 && int64(h.Buffers) > w.visited {
		w.stats.Truncated = true
	}
	return nil
}

// buffer reads the buffer at offset at and returns where the next one is.
func (w *walker) buffer(at int64, h bufferHeader) (next int64, err error) {
	t := w.trace
	whole := int64(t.header.BufferSize)
	variable := at == 0 || h.compressed() || t.header.Mode&modeCompressed != 0
	if h.blank {
		w.stats.Blank++
		return at + whole, nil
	}
	w.visited++
	reason := h.implausible()
	if reason == "" && !variable && int64(h.size) != whole {
		reason = fmt.Sprintf("buffer of %d bytes, the trace has buffers of %d", h.size, whole)
	}
	if reason == "" && int64(h.used) > max(whole, int64(h.size)) {
		reason = fmt.Sprintf("buffer unpacks to %d bytes, the trace has buffers of %d", h.used, whole)
	}
	if reason != "" {
		if t.header.Mode&modeCompressed != 0 {
			// Packed buffers have any size, so the next one cannot be found.
			w.stats.damage(at, reason+"; the rest of this compressed trace cannot be read")
			w.stats.Truncated = true
			return t.size, nil
		}
		w.stats.damage(at, reason)
		return at + whole, nil
	}

	body, err := w.body(at, h)
	if err != nil {
		return 0, err
	}
	w.stats.Buffers++
	if h.flags&(flagEventsLost|flagBufferLost) != 0 {
		w.stats.LossMarks++
	}
	if err := w.records(at, h.compressed(), body); err != nil {
		return 0, err
	}
	return at + int64(h.size), nil
}

// body returns the records of a buffer, unpacked. It is valid until the next call.
func (w *walker) body(at int64, h bufferHeader) ([]byte, error) {
	t := w.trace
	start := at + bufferHeaderSize
	stored := int64(h.used) - bufferHeaderSize
	if h.compressed() {
		stored = int64(h.size) - bufferHeaderSize
	}
	if left := t.size - start; stored > left {
		stored = left
		w.stats.Truncated = true
	} else if at+int64(h.size) > t.size {
		w.stats.Truncated = true
	}
	w.packed = resize(w.packed, int(stored))
	n, err := t.r.ReadAt(w.packed, start)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the buffer at offset 0x%x: %w", at, err)
	}
	if n < len(w.packed) {
		w.packed, w.stats.Truncated = w.packed[:n], true
	}
	if !h.compressed() {
		return w.packed, nil
	}
	w.stats.Compressed++
	want := int(h.used) - bufferHeaderSize
	if w.budget -= int64(want); w.budget < 0 {
		w.stats.damage(at, fmt.Sprintf("the trace unpacks to more than %d times its size", maxExpansion))
		return nil, nil
	}
	w.plain = resize(w.plain, want)
	plain, err := expand(w.plain[:0], w.packed, want)
	if err != nil {
		w.stats.damage(at, err.Error())
	}
	return plain, nil
}

func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
