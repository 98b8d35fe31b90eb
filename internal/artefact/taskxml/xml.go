package taskxml

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep elements may nest; the schema needs seven.
const maxDepth = 64

// document is the part of the schema that is read ([MS-TSCH] 2.5). Elements are in any order, as real files have them.
type document struct {
	XMLName          xml.Name
	RegistrationInfo struct {
		URI, Author, Source, Description, Date string
	}
	Principals struct {
		Principal []struct {
			ID                                   string `xml:"id,attr"`
			UserId, GroupId, LogonType, RunLevel string
		}
	}
	Settings struct {
		Enabled, Hidden string
	}
	Actions struct {
		Context string `xml:",attr"`
		Items   []struct {
			XMLName                                             xml.Name
			Command, Arguments, WorkingDirectory, ClassId, Data string
		} `xml:",any"`
	}
	Triggers struct {
		Items []trigger `xml:",any"`
	}
}

type trigger struct {
	XMLName                                      xml.Name
	Enabled                                      string
	StartBoundary, EndBoundary                   string
	Delay, RandomDelay                           string
	UserId, StateChange, Subscription, StateName string
	Repetition                                   struct{ Interval string }
	ScheduleByDay                                *struct{ DaysInterval int }
	ScheduleByWeek                               *struct{ WeeksInterval int }
	ScheduleByMonth, ScheduleByMonthDayOfWeek    *struct{}
}

func parseXML(text []byte) (*Definition, error) {
	raw := xml.NewDecoder(bytes.NewReader(text))
	// The declaration says UTF-16 even where the text has been decoded, or was stored as ASCII.
	raw.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var doc document
	if err := xml.NewTokenDecoder(&guard{d: raw}).Decode(&doc); err != nil {
		line, column := raw.InputPos()
		if err == io.EOF {
			err = errors.New("no element")
		}
		return nil, fmt.Errorf("task definition, near line %d column %d: %w", line, column, err)
	}
	if doc.XMLName.Local != "Task" {
		return nil, fmt.Errorf("the root element is <%s>, expected <Task>", doc.XMLName.Local)
	}
	return doc.definition(), nil
}

// guard refuses what no task definition has.
type guard struct {
	d     *xml.Decoder
	depth int
}

func (g *guard) Token() (xml.Token, error) {
	t, err := g.d.Token()
	switch t.(type) {
	case xml.Directive:
		return nil, errors.New("a document type declaration is not allowed")
	case xml.StartElement:
		if g.depth++; g.depth > maxDepth {
			return nil, fmt.Errorf("elements nest deeper than %d", maxDepth)
		}
	case xml.EndElement:
		g.depth--
	}
	return t, err
}

func (doc *document) definition() *Definition {
	info := &doc.RegistrationInfo
	d := &Definition{
		Format: XML, URI: strings.TrimSpace(info.URI), Author: info.Author, Source: info.Source, Description: info.Description,
		Registered: parseMoment(strings.TrimSpace(info.Date)),
		Enabled:    truth(doc.Settings.Enabled, true), Hidden: truth(doc.Settings.Hidden, false),
	}
	for i, p := range doc.Principals.Principal {
		// The actions name the principal that they run as.
		if i == 0 || p.ID != "" && p.ID == doc.Actions.Context {
			d.Principal = Principal{strings.TrimSpace(p.UserId), strings.TrimSpace(p.GroupId), strings.TrimSpace(p.LogonType), strings.TrimSpace(p.RunLevel)}
		}
	}
	kinds := map[string]ActionKind{"Exec": Exec, "ComHandler": COM, "SendEmail": Email, "ShowMessage": Message}
	for _, a := range doc.Actions.Items {
		if kind, ok := kinds[a.XMLName.Local]; ok {
			d.Actions = append(d.Actions, Action{kind, a.Command, a.Arguments, a.WorkingDirectory, strings.TrimSpace(a.ClassId), a.Data})
		}
	}
	for i := range doc.Triggers.Items {
		d.Triggers = append(d.Triggers, doc.Triggers.Items[i].trigger())
	}
	return d
}

func (x *trigger) trigger() Trigger {
	kind, ok := map[string]TriggerKind{
		"CalendarTrigger": Calendar, "TimeTrigger": Time, "BootTrigger": Boot, "LogonTrigger": Logon, "IdleTrigger": Idle,
		"RegistrationTrigger": Registration, "EventTrigger": Event, "SessionStateChangeTrigger": Session, "WnfStateChangeTrigger": WNF,
	}[x.XMLName.Local]
	if !ok {
		kind = Other
	}
	t := Trigger{
		Kind: kind, Enabled: truth(x.Enabled, true),
		Start: parseMoment(strings.TrimSpace(x.StartBoundary)), End: parseMoment(strings.TrimSpace(x.EndBoundary)),
		Interval: x.Repetition.Interval, Delay: x.Delay + x.RandomDelay, // no trigger has both
		UserID: x.UserId, SessionChange: x.StateChange, Query: x.Subscription, StateName: x.StateName,
	}
	switch {
	case x.ScheduleByDay != nil:
		t.Schedule, t.Every = "ScheduleByDay", x.ScheduleByDay.DaysInterval
	case x.ScheduleByWeek != nil:
		t.Schedule, t.Every = "ScheduleByWeek", x.ScheduleByWeek.WeeksInterval
	case x.ScheduleByMonth != nil:
		t.Schedule = "ScheduleByMonth"
	case x.ScheduleByMonthDayOfWeek != nil:
		t.Schedule = "ScheduleByMonthDayOfWeek"
	}
	return t
}

// truth reads xs:boolean.
func truth(s string, absent bool) bool {
	switch strings.TrimSpace(s) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return absent
}

// decode gives the text as UTF-8 without a byte order mark.
func decode(b []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		order, b = binary.LittleEndian, b[2:]
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		order, b = binary.BigEndian, b[2:]
	case bytes.HasPrefix(b, []byte{'<', 0}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0, '<'}):
		order = binary.BigEndian
	default:
		b = bytes.TrimPrefix(b, []byte{0xEF, 0xBB, 0xBF})
		for i := 0; i < len(b); {
			r, size := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && size == 1 {
				return nil, fmt.Errorf("task definition, at offset %d: byte %#02x is neither UTF-8 nor, without a byte order mark, UTF-16", i, b[i])
			}
			i += size
		}
		return b, nil
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}
