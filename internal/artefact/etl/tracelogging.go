package etl

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// TraceLogging types and flags (TraceLoggingProvider.h, TlgIn_t).
const (
	inMask     = 0x1f
	inFixed    = 0x20 // array; its length is in the metadata
	inVariable = 0x40 // array; its length is in the payload
	inCustom   = 0x60 // described by the metadata in a form of the provider's own
	inChain    = 0x80 // the type for display follows

	inStruct = 24
)

// Bounds of one decoded event. A payload of 64 KiB cannot honestly exceed them,
// but metadata can describe endless structures that take no payload at all.
const (
	maxDepth  = 32
	maxValues = 1 << 17
	maxText   = 1 << 20
)

// member is one field as the metadata describes it. A structure is followed by
// the fields that belong to it.
type member struct {
	name    string
	in, out byte
	count   int // elements of a fixed array; fields of a structure are in out
}

// decode reads the event's name and fields. On an error the fields that came
// before it are kept.
func (e *Event) decode(schema, payload []byte, pointer int) error {
	members, err := e.schema(schema)
	if err != nil {
		return err
	}
	d := decoder{payload: payload, pointer: pointer, members: members, event: e}
	e.Fields = make([]Field, 0, len(members))
	for d.next < len(d.members) {
		if err := d.field("", 0); err != nil {
			return err
		}
	}
	return nil
}

// schema reads the metadata: size, tags, the event's name, then the fields.
func (e *Event) schema(b []byte) ([]member, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("event metadata of %d bytes, expected at least 4", len(b))
	}
	if size := int(le.Uint16(b)); size < len(b) && size >= 4 {
		b = b[:size]
	}
	b, err := skipTags(b[2:])
	if err != nil {
		return nil, err
	}
	var ended bool
	if e.Name, b, ended = cutText(b); !ended {
		return nil, errors.New("the event's name does not end")
	}
	var members []member
	for len(b) > 0 {
		var m member
		if m, b, err = readMember(b); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

func readMember(b []byte) (m member, rest []byte, err error) {
	m.name, rest, _ = cutText(b)
	take := func(n int) []byte {
		if err != nil || len(rest) < n {
			err = fmt.Errorf("the metadata of field %q ends early", m.name)
			return make([]byte, n)
		}
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	m.in = take(1)[0]
	if m.in&inChain != 0 {
		m.out = take(1)[0]
		if m.out&0x80 != 0 && err == nil {
			m.out &^= 0x80
			if rest, err = skipTags(rest); err != nil {
				return m, nil, err
			}
		}
	}
	m.in &^= inChain
	switch m.in &^ inMask {
	case inFixed:
		m.count = int(le.Uint16(take(2)))
	case inCustom:
		if err == nil {
			err = fmt.Errorf("field %q is serialized in a form of the provider's own", m.name)
		}
	}
	return m, rest, err
}

// skipTags skips a number of bytes of which all but the last have the high bit set.
func skipTags(b []byte) ([]byte, error) {
	for i, c := range b {
		if c&0x80 == 0 {
			return b[i+1:], nil
		}
	}
	return nil, errors.New("the tags of the event metadata do not end")
}

// cutText returns the UTF-8 text before the first NUL of b and what follows it.
func cutText(b []byte) (text string, rest []byte, ended bool) {
	before, after, ended := bytes.Cut(b, []byte{0})
	return strings.ToValidUTF8(string(before), "\ufffd"), after, ended
}

type decoder struct {
	payload []byte
	pointer int
	members []member
	next    int // the member to read next
	values  int // values read
	text    int // bytes of text made
	event   *Event
}

var errTooMuch = errors.New("the event describes more values than an event can hold")

// field reads the next member, and what belongs to it if it is a structure.
func (d *decoder) field(prefix string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("structures are nested deeper than %d", maxDepth)
	}
	m := d.members[d.next]
	d.next++
	count, array := 1, true
	switch m.in &^ inMask {
	case inFixed:
		count = m.count
	case inVariable:
		b, err := d.take(2)
		if err != nil {
			return fieldError(prefix, m, err)
		}
		count = int(le.Uint16(b))
	default:
		array = false
	}
	if m.in&inMask == inStruct {
		return d.structures(m, count, array, prefix, depth)
	}
	return d.value(m, count, array, prefix)
}

func fieldError(prefix string, m member, err error) error {
	return fmt.Errorf("field %q: %w", prefix+m.name, err)
}

func (d *decoder) structures(m member, count int, array bool, prefix string, depth int) error {
	first, members := d.next, int(m.out)
	for i := range count {
		if d.values++; d.values > maxValues {
			return errTooMuch
		}
		d.next = first
		name := prefix + m.name
		if array {
			name = fmt.Sprintf("%s[%d]", name, i)
		}
		for n := 0; n < members && d.next < len(d.members); n++ {
			if err := d.field(name+".", depth+1); err != nil {
				return err
			}
		}
	}
	if count == 0 {
		d.skip(members, depth+1)
	}
	return nil
}

// skip passes over the members of a structure of which there is no element.
func (d *decoder) skip(n, depth int) {
	for ; n > 0 && d.next < len(d.members) && depth <= maxDepth; n-- {
		m := d.members[d.next]
		d.next++
		if m.in&inMask == inStruct {
			d.skip(int(m.out), depth+1)
		}
	}
}

// value reads one field, or all elements of an array: [1, 2, 3]. An array of
// characters is text.
func (d *decoder) value(m member, count int, array bool, prefix string) error {
	name := prefix + m.name
	var text string
	var list strings.Builder
	for i := range count {
		if d.values++; d.values > maxValues {
			return errTooMuch
		}
		v, err := d.scalar(m.in&inMask, m.out)
		if err != nil {
			return fieldError(prefix, m, err)
		}
		if d.text += len(v) + 2; d.text > maxText {
			return errTooMuch
		}
		if !array {
			text = v
			break
		}
		if i > 0 && m.out != outString {
			list.WriteString(", ")
		}
		list.WriteString(v)
	}
	switch {
	case array && m.out == outString:
		text = list.String()
	case array:
		text = "[" + list.String() + "]"
	}
	if d.text += len(name); d.text > maxText {
		return errTooMuch
	}
	d.event.Fields = append(d.event.Fields, Field{name, text})
	return nil
}

func (d *decoder) take(n int) ([]byte, error) {
	if n > len(d.payload) {
		return nil, fmt.Errorf("%d bytes expected, %d are left", n, len(d.payload))
	}
	b := d.payload[:n]
	d.payload = d.payload[n:]
	return b, nil
}
