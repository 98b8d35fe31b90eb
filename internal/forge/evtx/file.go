package evtx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const fileHeaderSize = 4096

// Write writes a log with these events in this order. Its size is 4096 bytes and 65536 for each chunk that the events
// need, at least one. An error names the event by its index.
func Write(w io.Writer, events []Event) error {
	var chunks [][]byte
	c := newChunk()
	next := uint64(1)
	for i := range events {
		e := events[i]
		if e.RecordID == 0 {
			e.RecordID = next
		}
		next = e.RecordID + 1
		if err := check(&e); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		before := c.snapshot()
		if err := c.record(&e); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if len(c.b) <= chunkSize {
			continue
		}
		chunks = append(chunks, before.bytes())
		c = newChunk()
		if err := c.record(&e); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if len(c.b) > chunkSize {
			return fmt.Errorf("event %d: takes %d bytes, a chunk holds %d", i, len(c.b)-chunkHeaderSize, chunkSize-chunkHeaderSize)
		}
	}
	chunks = append(chunks, c.bytes())
	if _, err := w.Write(fileHeader(len(chunks), next)); err != nil {
		return err
	}
	for _, b := range chunks {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func check(e *Event) error {
	switch {
	case e.Provider == "":
		return errors.New("has no provider")
	case e.Time.IsZero():
		return errors.New("has no time")
	case e.UserData == nil:
		return nil
	case len(e.EventData) > 0 || e.Binary != nil:
		return errors.New("has both EventData and UserData, expected one of them")
	case e.UserData.Root == "":
		return errors.New("has UserData without a root element")
	}
	for i, f := range e.UserData.Fields {
		if f.Name == "" {
			return fmt.Errorf("field %d of UserData has no name", i)
		}
	}
	return nil
}

// record appends one record: signature, size, identifier, time, the event, padding, and the size again.
func (c *chunk) record(e *Event) error {
	vals, err := systemValues(e)
	if err != nil {
		return err
	}
	at := len(c.b)
	c.u32(0x2a2a)
	c.u32(0)
	c.u64(e.RecordID)
	c.u64(fileTime(e.Time))
	key, definition := systemTemplate(e)
	c.instance(key, definition, vals)
	for (len(c.b)-at+4)%8 != 0 {
		c.u8(0)
	}
	size := uint32(len(c.b) - at + 4)
	c.u32(size)
	binary.LittleEndian.PutUint32(c.b[at+4:], size)
	if c.lastRecord == 0 {
		c.first = e.RecordID
	}
	c.last = e.RecordID
	c.lastRecord = at
	return nil
}

// fileHeader is that of a log that was closed properly.
func fileHeader(chunks int, next uint64) []byte {
	b := make([]byte, fileHeaderSize)
	le := binary.LittleEndian
	copy(b, "ElfFile\x00")
	le.PutUint64(b[16:], uint64(chunks-1)) // the last chunk
	le.PutUint64(b[24:], next)
	le.PutUint32(b[32:], 128)
	le.PutUint16(b[36:], 1) // version 3.1
	le.PutUint16(b[38:], 3)
	le.PutUint16(b[40:], fileHeaderSize)
	le.PutUint16(b[42:], uint16(chunks))
	le.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
	return b
}
