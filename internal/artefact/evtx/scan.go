package evtx

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

const (
	chunkSize        = 65536
	chunkHeaderSize  = 512
	recordHeaderSize = 24
	// minRecordSize is a record's header and the copy of its size at its end.
	minRecordSize   = recordHeaderSize + 4
	recordSignature = "\x2a\x2a\x00\x00"
)

// Scan reads the whole log and calls fn for each record that passes the filter, in the order of the file (which is
// the order of time within a chunk, but not across the wrap-around of a log that overwrites). The coverage is that
// of all that was visited, also when an error ended the scan.
//
// Damage is not an error: it is skipped and counted. Errors are those of ctx and fn, which end the scan, and those
// of reading the input, which do not: the first one is returned after all other chunks were read.
//
// Memory is bounded by a chunk, its decoded templates and one record of at most 1 MiB of text, whatever the file
// says.
func (l *Log) Scan(ctx context.Context, filter Filter, fn func(*Record) error) (Coverage, error) {
	s := newScanner(filter, fn)
	s.cov.Header = l.header
	buf := make([]byte, chunkSize)
	var readErr error
	if l.size < fileHeaderSize {
		s.cov.TruncatedTail = l.size
	}
	for off := int64(fileHeaderSize); off < l.size; off += chunkSize {
		if err := ctx.Err(); err != nil {
			return s.cov, err
		}
		want := int(min(chunkSize, l.size-off))
		n, err := l.r.ReadAt(buf[:want], off)
		if n < want && err != nil && !errors.Is(err, io.EOF) {
			s.cov.chunkFault(off, "not readable: "+err.Error())
			if readErr == nil {
				readErr = fmt.Errorf("read the chunk at offset %d: %w", off, err)
			}
			continue
		}
		if n < chunkSize {
			s.cov.TruncatedTail = int64(n)
		}
		if err := s.chunk(buf[:n], off); err != nil {
			return s.cov, err
		}
	}
	return s.cov, readErr
}

// scanner is the state of one scan. All but filter, emit, cov and names belongs to the chunk at hand.
type scanner struct {
	filter Filter
	emit   func(*Record) error
	cov    Coverage

	data     []byte // the chunk
	base     int64  // its offset in the file
	programs map[uint32]*program
	ops      []op // the storage of all cached programs
	names    map[string]string

	vals   []value
	text   []byte
	frames []frame
	left   int // work that the chunk may still cause
}

func newScanner(filter Filter, fn func(*Record) error) *scanner {
	return &scanner{
		filter:   filter,
		emit:     fn,
		programs: make(map[uint32]*program),
		names:    make(map[string]string),
	}
}

// chunk reads one 64 KiB slot, or what there is of the last one.
func (s *scanner) chunk(data []byte, base int64) error {
	if len(data) < chunkHeaderSize {
		return nil
	}
	reason := chunkFaults(data)
	if string(data[:8]) != chunkSignature {
		if !plausibleRecord(data, chunkHeaderSize, len(data)) {
			if len(bytes.Trim(data, "\x00")) == 0 {
				s.cov.EmptySlots++
			} else {
				s.cov.chunkFault(base, fmt.Sprintf("begins with %q and has no record, expected the signature %q", data[:8], chunkSignature))
			}
			return nil
		}
		reason = fmt.Sprintf("begins with %q, expected the signature %q", data[:8], chunkSignature)
	}
	s.cov.Chunks++
	if reason != "" {
		s.cov.chunkFault(base, reason)
	}
	s.data, s.base, s.left = data, base, maxChunkWork
	clear(s.programs)
	s.ops = s.ops[:0]
	return s.records()
}

// chunkFaults returns what is wrong with a chunk's checksums and bounds, or "".
func chunkFaults(data []byte) string {
	var wrong []string
	crc := crc32.Update(crc32.ChecksumIEEE(data[:120]), crc32.IEEETable, data[128:chunkHeaderSize])
	if crc != binary.LittleEndian.Uint32(data[124:]) {
		wrong = append(wrong, "header checksum is wrong")
	}
	free := int64(binary.LittleEndian.Uint32(data[48:]))
	switch {
	case len(data) < chunkSize:
		wrong = append(wrong, fmt.Sprintf("cut off after %d of %d bytes", len(data), chunkSize))
	case free < chunkHeaderSize || free > chunkSize:
		wrong = append(wrong, fmt.Sprintf("free space offset %d is outside of the chunk", free))
	case crc32.ChecksumIEEE(data[chunkHeaderSize:free]) != binary.LittleEndian.Uint32(data[52:]):
		wrong = append(wrong, "data checksum is wrong")
	}
	return strings.Join(wrong, ", ")
}

// plausibleRecord tells whether a whole record begins at p: signature, size, and the copy of the size at its end.
func plausibleRecord(data []byte, p, limit int) bool {
	if p+minRecordSize > limit || string(data[p:p+4]) != recordSignature {
		return false
	}
	size := binary.LittleEndian.Uint32(data[p+4:])
	return size >= minRecordSize && int64(size) <= int64(limit-p) &&
		binary.LittleEndian.Uint32(data[p+int(size)-4:]) == size
}

// records walks the records of the chunk up to its free space. What lies behind are remains of records that were
// written there before.
func (s *scanner) records() error {
	limit := len(s.data)
	if free := int64(binary.LittleEndian.Uint32(s.data[48:])); free >= chunkHeaderSize && free <= int64(limit) {
		limit = int(free)
	}
	for p := chunkHeaderSize; p < limit; {
		size, ok := s.recordSize(p, limit)
		if !ok {
			if len(bytes.Trim(s.data[p:limit], "\x00")) == 0 {
				return nil
			}
			if limit < chunkSize && limit == len(s.data) && s.cutOff(p, limit) {
				return nil
			}
			next := s.nextRecord(p+1, limit)
			s.cov.recordFault(s.base+int64(p), fmt.Sprintf("no whole record, %d bytes skipped", next-p))
			p = next
			continue
		}
		if err := s.record(p, size); err != nil {
			return err
		}
		if s.left <= 0 {
			s.cov.recordFault(s.base+int64(p), fmt.Sprintf("records expand to more than %d bytes in one chunk, its rest skipped", maxChunkWork))
			return nil
		}
		p += size
	}
	return nil
}

// recordSize returns the size of the record at p. A record whose size is not repeated at its end counts only if
// another one, or the free space, follows directly.
func (s *scanner) recordSize(p, limit int) (int, bool) {
	if plausibleRecord(s.data, p, limit) {
		return int(binary.LittleEndian.Uint32(s.data[p+4:])), true
	}
	if p+minRecordSize > limit || string(s.data[p:p+4]) != recordSignature {
		return 0, false
	}
	size := binary.LittleEndian.Uint32(s.data[p+4:])
	if size < minRecordSize || int64(size) > int64(limit-p) {
		return 0, false
	}
	next := p + int(size)
	if next == limit || next+4 <= limit && string(s.data[next:next+4]) == recordSignature {
		return int(size), true
	}
	return 0, false
}

// cutOff tells whether p begins the record in which a truncated file ends.
func (s *scanner) cutOff(p, limit int) bool {
	if p+8 > limit {
		return true
	}
	return string(s.data[p:p+4]) == recordSignature && int64(binary.LittleEndian.Uint32(s.data[p+4:])) > int64(limit-p)
}

// nextRecord returns where the next whole record begins at or after p, or limit.
func (s *scanner) nextRecord(p, limit int) int {
	for p < limit {
		i := bytes.Index(s.data[p:limit], []byte(recordSignature))
		if i < 0 {
			return limit
		}
		p += i
		if plausibleRecord(s.data, p, limit) {
			return p
		}
		p++
	}
	return limit
}
