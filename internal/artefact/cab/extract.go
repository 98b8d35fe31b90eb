package cab

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
)

// Extract calls fn for every file in the order of the folders. The reader gives
// the file's content until fn returns; what fn leaves unread is skipped, and
// unpacked only if a later file needs it. An error of fn ends the extraction.
//
// A damaged folder does not keep the others from being delivered: its files
// give the error to whoever reads them, and Extract returns it at the end. A
// file that was read to its end without an error is whole.
func (c *Cabinet) Extract(ctx context.Context, fn func(File, io.Reader) error) error {
	var damaged []error
	var stream *folderReader
	for i, f := range c.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i == 0 || f.folder != c.files[i-1].folder {
			stream = c.openFolder(ctx, f.folder)
			if stream.err != nil {
				damaged = append(damaged, stream.err)
			}
		}
		before := stream.err
		if err := fn(f, &fileReader{stream: stream, at: f.offset, end: f.offset + f.Size}); err != nil {
			return err
		}
		if before == nil && stream.err != nil {
			damaged = append(damaged, stream.err)
		}
	}
	return errors.Join(damaged...)
}

// fileReader reads one file out of the stream of its folder.
type fileReader struct {
	stream  *folderReader
	at, end int64 // in the folder
}

func (r *fileReader) Read(p []byte) (int, error) {
	if r.at >= r.end {
		return 0, io.EOF
	}
	if err := r.stream.seek(r.at); err != nil {
		return 0, err
	}
	n, err := r.stream.Read(p[:min(int64(len(p)), r.end-r.at)])
	r.at += int64(n)
	return n, err
}

// folderReader unpacks the blocks of a folder, one at a time. After an error
// it gives that error.
type folderReader struct {
	ctx     context.Context
	cabinet *Cabinet
	unpack  unpacker
	next    int64 // offset of the next block
	blocks  int   // blocks that are left
	at      int64 // position in the unpacked folder
	block   []byte
	packed  []byte
	err     error
}

// unpacker unpacks the blocks of a folder in sequence. The result has size
// bytes and is valid until the next call.
type unpacker interface {
	unpack(packed []byte, size int) ([]byte, error)
}

func (c *Cabinet) openFolder(ctx context.Context, index int) *folderReader {
	f := c.folders[index]
	r := &folderReader{ctx: ctx, cabinet: c, next: f.start, blocks: f.blocks}
	switch f.compression & methodMask {
	case methodStored:
		r.unpack = stored{}
	case methodMSZIP:
		r.unpack = &mszip{}
	case methodQuantum:
		r.err = fmt.Errorf("%w: folder %d is compressed with Quantum, expected none, MSZIP or LZX", ErrUnsupported, index)
	case methodLZX:
		window := int(f.compression >> 8 & 0x1f)
		if window < minWindow || window > maxWindow {
			r.err = damage(f.start, "folder %d has an LZX window of 2^%d bytes, expected 2^%d to 2^%d", index, window, minWindow, maxWindow)
			break
		}
		r.unpack = newLZX(window)
	default:
		r.err = fmt.Errorf("%w: folder %d has compression method %d, expected none, MSZIP or LZX", ErrUnsupported, index, f.compression&methodMask)
	}
	return r
}

// seek moves forward to a position in the unpacked folder.
func (r *folderReader) seek(to int64) error {
	if to < r.at && r.err == nil {
		r.err = damage(r.next, "files overlap at byte %d of the folder", to)
	}
	for r.err == nil && r.at < to {
		if len(r.block) == 0 {
			r.advance()
			continue
		}
		n := min(int64(len(r.block)), to-r.at)
		r.block = r.block[n:]
		r.at += n
	}
	return r.err
}

func (r *folderReader) Read(p []byte) (int, error) {
	for r.err == nil && len(r.block) == 0 {
		r.advance()
	}
	if r.err != nil {
		return 0, r.err
	}
	n := copy(p, r.block)
	r.block = r.block[n:]
	r.at += int64(n)
	return n, nil
}

// advance reads and unpacks the next block (CFDATA).
func (r *folderReader) advance() {
	const headerSize = 8
	c := r.cabinet
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	if r.blocks == 0 {
		r.err = damage(r.next, "the folder has %d bytes, a file needs more", r.at)
		return
	}
	var h [headerSize]byte
	if r.err = c.readAt(h[:], r.next); r.err != nil {
		return
	}
	sum, packed, size := le.Uint32(h[:]), int(le.Uint16(h[4:])), int(le.Uint16(h[6:]))
	if size == 0 || size > maxBlock {
		r.err = damage(r.next, "a block unpacks to %d bytes, expected 1 to %d", size, maxBlock)
		return
	}
	if cap(r.packed) < packed {
		r.packed = make([]byte, 0, 1<<16)
	}
	r.packed = r.packed[:packed]
	start := r.next + headerSize + int64(c.reserve)
	if r.err = c.readAt(r.packed, start); r.err != nil {
		return
	}
	if computed := checksum(h[4:], checksum(r.packed, 0)); sum != 0 && sum != computed {
		r.err = damage(r.next, "a block has the checksum %08x, expected %08x", computed, sum)
		return
	}
	block, err := r.unpack.unpack(r.packed, size)
	if err != nil {
		r.err = damage(r.next, "%v", err)
		return
	}
	r.block = block
	r.next = start + int64(packed)
	r.blocks--
}

func (c *Cabinet) readAt(b []byte, at int64) error {
	if left := c.size - at; int64(len(b)) > left {
		return damage(at, "%d bytes are left, expected %d of a block", max(left, 0), len(b))
	}
	n, err := c.r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return damage(at, "the cabinet ends in a block")
	}
	return fmt.Errorf("read the cabinet at offset 0x%x: %w", at, err)
}

// checksum is that of [MS-CAB] 3.1: 32-bit words, and the rest of up to three
// bytes in the other byte order, are combined by exclusive or.
func checksum(b []byte, sum uint32) uint32 {
	for ; len(b) >= 4; b = b[4:] {
		sum ^= le.Uint32(b)
	}
	var rest uint32
	for _, c := range b {
		rest = rest<<8 | uint32(c)
	}
	return sum ^ rest
}

// stored is the unpacker of folders that are not compressed.
type stored struct{}

func (stored) unpack(packed []byte, size int) ([]byte, error) {
	if len(packed) != size {
		return nil, fmt.Errorf("a stored block of %d bytes says that it holds %d", len(packed), size)
	}
	return packed, nil
}

// mszip is the unpacker of [MS-MCI]: each block is a deflate stream of its own
// that may refer to what the folder had before it.
type mszip struct {
	inflate io.ReadCloser
	history []byte // the last 32 KiB
	out     [maxBlock]byte
}

func (m *mszip) unpack(packed []byte, size int) ([]byte, error) {
	if len(packed) < 2 || packed[0] != 'C' || packed[1] != 'K' {
		return nil, errors.New("an MSZIP block does not begin with CK")
	}
	source := bytes.NewReader(packed[2:])
	if m.inflate == nil {
		m.inflate = flate.NewReaderDict(source, m.history)
	} else if err := m.inflate.(flate.Resetter).Reset(source, m.history); err != nil {
		return nil, err
	}
	out := m.out[:size]
	if n, err := io.ReadFull(m.inflate, out); err != nil {
		return nil, fmt.Errorf("an MSZIP block gives %d of %d bytes: %w", n, size, err)
	}
	if n, err := m.inflate.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("an MSZIP block does not end after its %d bytes", size)
	}
	m.history = append(m.history, out...)
	m.history = append(m.history[:0], m.history[max(len(m.history)-maxBlock, 0):]...)
	return out, nil
}
