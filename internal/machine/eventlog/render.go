package eventlog

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
)

const (
	// maxXML bounds the XML of one event; the service allows events of 64 KiB in binary form.
	maxXML = 4 << 20
	// maxShared bounds the table of words that events have in common.
	maxShared = 4096
)

// reader makes records of the XML that the service shows, with the values spelled as [evtx.Field] says.
type reader struct{ words map[string]string }

func newReader() *reader { return &reader{map[string]string{}} }

// shared gives a word that does not hold the XML in memory that it was cut out of.
func (r *reader) shared(s string) string {
	if known, ok := r.words[s]; ok {
		return known
	}
	if len(r.words) >= maxShared {
		clear(r.words)
	}
	s = strings.Clone(s)
	r.words[s] = s
	return s
}

// element is an open element.
type element struct {
	name, label string
	start       int  // of its text
	parent      bool // has elements in it
}

// reading is one event that is being read.
type reading struct {
	*reader
	record evtx.Record
	open   []element
	text   []byte
	hasID  bool
	shown  time.Time
}

// record reads one event. The error says what is wrong with the XML.
func (r *reader) record(xml string) (*evtx.Record, error) {
	if len(xml) > maxXML {
		return nil, fmt.Errorf("the event has %d bytes of XML, at most %d are read", len(xml), maxXML)
	}
	e := reading{reader: r}
	m := markup{text: xml}
	for {
		p, err := m.next()
		if err != nil {
			return nil, err
		}
		switch p.kind {
		case nothing:
			if !e.hasID || e.record.Provider == "" {
				return nil, errors.New("the event has no identifier or no provider")
			}
			e.record.Time = e.shown
			return &e.record, nil
		case beginning:
			e.begin(p)
		case ending:
			e.end()
		case characters:
			e.text = append(e.text, p.text...)
		}
	}
}

func (e *reading) inSystem() bool { return len(e.open) > 1 && e.open[1].name == "System" }

func (e *reading) begin(p piece) {
	if n := len(e.open); n > 0 {
		e.open[n-1].parent = true
	}
	el := element{name: p.name, label: p.name, start: len(e.text)}
	if p.name == "Data" || p.name == "ComplexData" {
		el.label = ""
	}
	e.open = append(e.open, el)
	if len(e.open) == 2 && p.name == "UserData" {
		e.record.UserData = true
	}
	for _, a := range p.attributes {
		switch {
		case e.inSystem() && len(e.open) == 3:
			e.system(p.name, a.name, a.value)
		case a.name == "Name" && el.label == "":
			e.open[len(e.open)-1].label = a.value
		}
	}
}

// end ends the innermost element. It is a value if it has no elements in it, or text of its own.
func (e *reading) end() {
	n := len(e.open) - 1
	el := e.open[n]
	text := string(e.text[el.start:])
	switch {
	case e.inSystem():
		if n == 2 {
			e.system(el.name, "", text)
		}
	case n > 0 && e.open[1].name == "RenderingInfo": // the message in the language of the machine that forwarded it
	case !el.parent && n >= 2, strings.TrimSpace(text) != "":
		e.value(el, n, text)
	}
	e.text = e.text[:el.start]
	e.open = e.open[:n]
}

func (e *reading) value(el element, depth int, text string) {
	if el.name == "Binary" && depth == 2 && !e.record.UserData {
		if b, err := hex.DecodeString(text); err == nil {
			e.record.Binary = b
			return
		}
	}
	e.record.Data = append(e.record.Data, evtx.Field{Name: e.shared(el.label), Value: spelled(text)})
}

// spelled shortens a moment to seven digits of a second: older Windows show nine, of which the last two are zeros.
func spelled(s string) string {
	const nine = "2006-01-02T15:04:05.000000000Z"
	if len(s) != len(nine) || !strings.HasSuffix(s, "00Z") {
		return s
	}
	if _, err := time.Parse(nine, s); err != nil {
		return s
	}
	return s[:len(s)-3] + "Z"
}

// system takes over a value of the System element: the text of an element in it, or an attribute.
func (e *reading) system(name, attribute, value string) {
	r := &e.record
	number := func(bits int) uint64 {
		n, _ := strconv.ParseUint(strings.TrimSpace(value), 0, bits) // what is no number counts as none
		return n
	}
	switch name + "/" + attribute {
	case "Provider/Name":
		r.Provider = e.shared(value)
	case "Provider/Guid":
		r.ProviderGUID = e.shared(value)
	case "EventID/":
		n, err := strconv.ParseUint(strings.TrimSpace(value), 0, 32)
		r.ID, e.hasID = uint32(n), err == nil
	case "EventID/Qualifiers":
		r.Qualifiers = uint16(number(16))
	case "Version/":
		r.Version = uint8(number(8))
	case "Level/":
		r.Level = uint8(number(8))
	case "Task/":
		r.Task = uint16(number(16))
	case "Opcode/":
		r.Opcode = uint8(number(8))
	case "Keywords/":
		r.Keywords = number(64)
	case "TimeCreated/SystemTime":
		if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
			e.shown = t.UTC()
		}
	case "EventRecordID/":
		r.RecordID = number(64)
	case "Correlation/ActivityID":
		r.ActivityID = e.shared(value)
	case "Execution/ProcessID":
		r.ProcessID = uint32(number(32))
	case "Execution/ThreadID":
		r.ThreadID = uint32(number(32))
	case "Channel/":
		r.Channel = e.shared(value)
	case "Computer/":
		r.Computer = e.shared(value)
	case "Security/UserID":
		r.UserSID = e.shared(value)
	}
}
