package etl

import (
	"fmt"
	"strings"
	"time"
)

// Event is a TraceLogging event: names and types travel with it.
type Event struct {
	Time         time.Time
	ProcessID    uint32
	ThreadID     uint32
	Provider     string // name, carried as the provider's traits
	ProviderGUID string // with or without braces
	Name         string
	Level        uint8 // 0 is written as 4, information
	Opcode       uint8
	Keyword      uint64
	Fields       []Field
}

// Extended data items (EVENT_HEADER_EXT_TYPE_*, evntcons.h).
const (
	itemSchema = 11
	itemTraits = 12
)

func (e Event) encode() ([]byte, error) {
	guid, err := guidBytes(e.ProviderGUID)
	if err != nil {
		return nil, fmt.Errorf("event %q: provider: %w", e.Name, err)
	}
	if strings.Contains(e.Provider+e.Name, "\x00") {
		return nil, fmt.Errorf("event %q of provider %q: names cannot hold NUL", e.Name, e.Provider)
	}
	schema := append([]byte{0, 0, 0}, e.Name...) // size, no tags
	schema = append(schema, 0)
	var payload []byte
	for _, f := range e.Fields {
		if f.err != nil {
			return nil, fmt.Errorf("event %q: %w", e.Name, f.err)
		}
		schema = append(schema, f.meta...)
		payload = append(payload, f.value...)
	}
	traits := append([]byte{0, 0}, e.Provider...)
	traits = append(traits, 0)
	if len(schema)+len(traits)+len(payload) > 0xff00 {
		return nil, fmt.Errorf("event %q takes more than 64 KiB", e.Name)
	}
	le.PutUint16(schema, uint16(len(schema)))
	le.PutUint16(traits, uint16(len(traits)))

	b := make([]byte, 0x50)
	copy(b[2:], []byte{0x13, 0xc0})    // EVENT_HEADER64
	le.PutUint16(b[4:], 0x0001|0x0040) // extended data, 64 bits
	le.PutUint32(b[8:], e.ThreadID)
	le.PutUint32(b[12:], e.ProcessID)
	le.PutUint64(b[16:], fileTime(e.Time))
	copy(b[24:], guid)
	b[43] = 11 // channel of TraceLogging
	b[44] = e.Level
	if e.Level == 0 {
		b[44] = 4
	}
	b[45] = e.Opcode
	le.PutUint64(b[48:], e.Keyword)
	b = appendItem(b, itemSchema, schema, true)
	b = appendItem(b, itemTraits, traits, false)
	b = append(b, payload...)
	le.PutUint16(b, uint16(len(b)))
	return b, nil
}

// appendItem writes an extended data item: reserved, type, linkage, size, data.
func appendItem(b []byte, kind uint16, data []byte, more bool) []byte {
	var linkage uint16
	if more {
		linkage = 1
	}
	for _, v := range []uint16{0, kind, linkage, uint16(len(data))} {
		b = le.AppendUint16(b, v)
	}
	return pad(append(b, data...))
}

// Message is a WPP message: its text is in the symbols of the program that
// logged it, the trace has only a number and packed arguments.
type Message struct {
	Time      time.Time
	ProcessID uint32
	ThreadID  uint32
	GUID      string // of the message file; with or without braces
	Number    uint16
	Arguments []byte
}

// Options of a message: sequence, GUID, time stamp, process and thread
// (TRACE_MESSAGE_*, evntrace.h).
const messageOptions = 0x01 | 0x02 | 0x08 | 0x20

func (m Message) encode() ([]byte, error) {
	guid, err := guidBytes(m.GUID)
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", m.Number, err)
	}
	if len(m.Arguments) > 0xff00 {
		return nil, fmt.Errorf("message %d takes more than 64 KiB", m.Number)
	}
	b := []byte{0, 0, 0, 0x90}
	b = le.AppendUint16(b, m.Number)
	b = le.AppendUint16(b, messageOptions)
	b = le.AppendUint32(b, 0)
	b = append(b, guid...)
	b = le.AppendUint64(b, fileTime(m.Time))
	b = le.AppendUint32(b, m.ThreadID)
	b = le.AppendUint32(b, m.ProcessID)
	b = append(b, m.Arguments...)
	le.PutUint16(b, uint16(len(b)))
	return b, nil
}
