package etl

import (
	"fmt"
	"strings"
	"time"
)

// Kind tells how a record was logged, and so what the trace tells about it.
type Kind string

const (
	TraceLogging Kind = "tracelogging" // names and types travel with the event
	Manifest     Kind = "manifest"     // text needs the provider's manifest
	WPP          Kind = "wpp"          // text needs the provider's symbols
	Classic      Kind = "classic"      // text needs the provider's MOF class
	Kernel       Kind = "kernel"       // system, compact and performance records; they carry no text
	Other        Kind = "other"        // a record of a type that is walked over
)

// Event is one record of a trace.
type Event struct {
	Time      time.Time // UTC; zero where the record has none
	ProcessID uint32
	ThreadID  uint32

	Provider     string // name, from the provider's traits; "" if the trace does not tell it
	ProviderGUID string // lower case, without braces; "" for kernel records
	ID           uint16 // event id; for WPP the message number; for kernel records group<<8 | type
	Level        uint8
	Opcode       uint8
	Keyword      uint64

	Name   string // TraceLogging event name
	Fields []Field
	Kind   Kind

	// Decoded tells that Fields are complete. Where they are not, Problem says why.
	Decoded bool
	Problem string

	// Offset is that of the buffer in the file and Position that of the record
	// in the unpacked buffer. In a buffer that is not compressed their sum is
	// the record's offset in the file.
	Offset     int64
	Position   int
	Compressed bool
}

// Field is one named value of an event. Members of structures are named
// "outer.member", elements of arrays of structures "outer[0].member".
type Field struct{ Name, Value string }

// Where names the place of the record such that a person can find it again.
func (e *Event) Where() string {
	if e.Compressed {
		return fmt.Sprintf("buffer 0x%x (compressed) +0x%x", e.Offset, e.Position)
	}
	return fmt.Sprintf("offset 0x%x", e.Offset+int64(e.Position))
}

// Text is the event on one line.
//
//	Name: message                         one field that is a message: Info, m, Message, Msg or Text
//	*Name* -> [field] : value; [field] : value;
//	*Name*                                no fields
//
// Records that the trace alone cannot decode give their identity in angle
// brackets instead of a name: <wpp GUID/12>.
func (e *Event) Text() string {
	var s strings.Builder
	switch {
	case e.Name == "" && !e.Decoded:
		fmt.Fprintf(&s, "<%s %s/%d>", e.Kind, e.ProviderGUID, e.ID)
		return s.String()
	case len(e.Fields) == 1 && isMessage(e.Fields[0].Name):
		if e.Name != "" {
			writeLine(&s, e.Name)
			s.WriteString(": ")
		}
		writeLine(&s, e.Fields[0].Value)
		return s.String()
	}
	s.WriteByte('*')
	writeLine(&s, e.Name)
	s.WriteByte('*')
	if len(e.Fields) > 0 {
		s.WriteString(" ->")
	}
	for _, f := range e.Fields {
		s.WriteString(" [")
		writeLine(&s, f.Name)
		s.WriteString("] : ")
		writeLine(&s, f.Value)
		s.WriteByte(';')
	}
	return s.String()
}

func isMessage(field string) bool {
	switch strings.ToLower(field) {
	case "info", "m", "message", "msg", "text":
		return true
	}
	return false
}

// writeLine writes text without the line breaks and control characters that
// would make more than one line of it.
func writeLine(s *strings.Builder, text string) {
	text = strings.TrimRight(text, "\r\n\t \x00")
	gap := false
	for _, c := range text {
		if c < ' ' || c == 0x7f || c == '\u2028' || c == '\u2029' || c == '\u0085' {
			gap = true
			continue
		}
		if gap {
			s.WriteByte(' ')
			gap = false
		}
		s.WriteRune(c)
	}
}
