// Package evtx reads Windows event logs (.evtx), whole or damaged.
//
// A log is a 4 KiB file header and a row of 64 KiB chunks that can each be read alone. Windows updates the file
// header only now and then, and never in a copy of a log that was open, so the header decides nothing here: every
// chunk slot up to the end of the file is visited and every record that can be read is delivered. What could not
// be read is counted and located in [Coverage], so that "no such event" can be told from "not readable".
//
// The format is that of [MS-EVEN6] 2.2.12 (binary XML) inside the container described by the libevtx project's
// "Windows XML Event Log (EVTX) format".
package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"unicode/utf16"
)

// ErrNotEVTX says that the input is no event log: it has neither the file signature nor a chunk at any of the
// places where chunks lie. Errors that wrap it say what was found.
var ErrNotEVTX = errors.New("not an EVTX file")

const (
	fileSignature  = "ElfFile\x00"
	chunkSignature = "ElfChnk\x00"
	fileHeaderSize = 4096
	flagDirty      = 1
	flagFull       = 2
)

// Header is what the file's first block says. It is stale in every log that was not closed properly; use it as
// evidence about the file, never about which records exist.
type Header struct {
	// Signature tells whether the file begins with the EVTX signature. Logs without it are read all the same.
	Signature bool
	// Checksum tells whether the header's own CRC32 is right.
	Checksum bool
	// Dirty is set while Windows has the log open, and stays set in copies made in that time.
	Dirty bool
	// Full is set when the log reached its maximum size and does not overwrite.
	Full bool
	// Major and Minor are the format version, 3.1 or 3.2.
	Major, Minor uint16
	// Chunks is the number of chunks that the header declares.
	Chunks int
}

// Log is an event log. Its methods may be called concurrently if the io.ReaderAt allows that.
type Log struct {
	r      io.ReaderAt
	size   int64
	header Header
}

// Open reads the file header of the log in the first size bytes of r. It returns an error that wraps [ErrNotEVTX]
// if r is something else, or the error of reading.
func Open(r io.ReaderAt, size int64) (*Log, error) {
	if size <= 0 {
		return nil, fmt.Errorf("%w: the file is empty, expected the signature %q", ErrNotEVTX, fileSignature)
	}
	head := make([]byte, min(size, 128))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file header: %w", err)
	}
	l := &Log{r: r, size: size, header: parseHeader(head)}
	if l.header.Signature {
		return l, nil
	}
	found, err := l.hasChunk()
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("%w: the file begins with %q and has no chunk at offset %d + n*%d, expected the signature %q",
			ErrNotEVTX, head[:min(len(head), 8)], fileHeaderSize, chunkSize, fileSignature)
	}
	return l, nil
}

// Header returns what the file header says.
func (l *Log) Header() Header { return l.header }

func parseHeader(b []byte) Header {
	var h Header
	h.Signature = bytes.HasPrefix(b, []byte(fileSignature))
	if !h.Signature || len(b) < 128 {
		return h
	}
	flags := binary.LittleEndian.Uint32(b[120:])
	h.Checksum = binary.LittleEndian.Uint32(b[124:]) == crc32.ChecksumIEEE(b[:120])
	h.Dirty = flags&flagDirty != 0
	h.Full = flags&flagFull != 0
	h.Minor = binary.LittleEndian.Uint16(b[36:])
	h.Major = binary.LittleEndian.Uint16(b[38:])
	h.Chunks = int(binary.LittleEndian.Uint16(b[42:]))
	return h
}

// hasChunk looks for a chunk signature at the places where chunks lie.
func (l *Log) hasChunk() (bool, error) {
	var sig [len(chunkSignature)]byte
	for off := int64(fileHeaderSize); off+chunkHeaderSize <= l.size; off += chunkSize {
		if _, err := l.r.ReadAt(sig[:], off); err != nil && !errors.Is(err, io.EOF) {
			return false, fmt.Errorf("read the chunk signature at offset %d: %w", off, err)
		}
		if string(sig[:]) == chunkSignature {
			return true, nil
		}
	}
	return false, nil
}

// appendUTF16 appends UTF-16LE text as UTF-8, without its NUL characters: writers terminate and pad strings with them.
func appendUTF16(dst, src []byte) []byte {
	for i := 0; i+1 < len(src); i += 2 {
		r := rune(src[i]) | rune(src[i+1])<<8
		switch {
		case r == 0:
			continue
		case r < 0x80:
			dst = append(dst, byte(r))
			continue
		case utf16.IsSurrogate(r):
			low := rune(0)
			if i+3 < len(src) {
				low = rune(src[i+2]) | rune(src[i+3])<<8
			}
			if r = utf16.DecodeRune(r, low); r != 0xFFFD {
				i += 2
			}
		}
		dst = append(dst, string(r)...)
	}
	return dst
}
