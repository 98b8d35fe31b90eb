package etl

import "fmt"

// EVENT_HEADER (evntcons.h) and the items that may follow it.
const (
	eventHeaderSize = 0x50

	headerExtended   = 0x0001 // EVENT_HEADER_FLAG_EXTENDED_INFO
	headerStringOnly = 0x0004 // EVENT_HEADER_FLAG_STRING_ONLY
	header32Bit      = 0x0020 // EVENT_HEADER_FLAG_32_BIT_HEADER

	itemSchema = 11 // EVENT_HEADER_EXT_TYPE_EVENT_SCHEMA_TL
	itemTraits = 12 // EVENT_HEADER_EXT_TYPE_PROV_TRAITS
)

func (t *Trace) event(e *Event, b []byte) {
	e.Kind = Manifest
	if len(b) < eventHeaderSize {
		e.Problem = fmt.Sprintf("event of %d bytes, expected at least %d", len(b), eventHeaderSize)
		return
	}
	flags := le.Uint16(b[4:])
	e.ThreadID, e.ProcessID = le.Uint32(b[8:]), le.Uint32(b[12:])
	e.Time = t.clock.utc(le.Uint64(b[16:]))
	e.ProviderGUID = guidText(b[24:40])
	e.ID, e.Level, e.Opcode, e.Keyword = le.Uint16(b[40:]), b[44], b[45], le.Uint64(b[48:])

	payload, schema := b[eventHeaderSize:], []byte(nil)
	if flags&headerExtended != 0 {
		var err error
		if schema, payload, err = e.extended(payload); err != nil {
			e.Problem = err.Error()
			return
		}
	}
	switch {
	case schema != nil:
		e.Kind = TraceLogging
		pointer := 8
		if flags&header32Bit != 0 {
			pointer = 4
		}
		if err := e.decode(schema, payload, pointer); err != nil {
			e.Problem = err.Error()
			return
		}
		e.Decoded = true
	case flags&headerStringOnly != 0:
		text, _ := cutUTF16(payload)
		e.Fields, e.Decoded = []Field{{"Message", text}}, true
	default:
		e.Problem = "a manifest event: its text needs the provider's manifest"
	}
}

// extended walks the extended data items: reserved, type, linkage and size of
// 16 bits each, the data, padding to 8 bytes. The lowest bit of linkage says
// that another follows.
func (e *Event) extended(b []byte) (schema, payload []byte, err error) {
	for {
		if len(b) < 8 {
			return nil, nil, fmt.Errorf("%d bytes left, expected an extended data item", len(b))
		}
		kind, linkage, size := le.Uint16(b[2:]), le.Uint16(b[4:]), int(le.Uint16(b[6:]))
		if 8+size > len(b) {
			return nil, nil, fmt.Errorf("extended data item of %d bytes, %d are left", size, len(b)-8)
		}
		data := b[8 : 8+size]
		switch kind {
		case itemSchema:
			schema = data
		case itemTraits:
			// A 16-bit size, then the provider's name.
			if size > 2 {
				e.Provider, _, _ = cutText(data[2:])
			}
		}
		b = b[min((8+size+7)&^7, len(b)):]
		if linkage&1 == 0 {
			return schema, b, nil
		}
	}
}
