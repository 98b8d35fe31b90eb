package evtx

import (
	"fmt"
	"strings"
)

// Binary XML tokens, [MS-EVEN6] 2.2.12.
const (
	tokenEnd          = 0x00
	tokenOpen         = 0x01
	tokenCloseStart   = 0x02
	tokenCloseEmpty   = 0x03
	tokenCloseElement = 0x04
	tokenText         = 0x05
	tokenAttribute    = 0x06
	tokenTemplate     = 0x0c
	tokenSubstitution = 0x0d
	tokenOptional     = 0x0e
	tokenFragment     = 0x0f
	tokenMore         = 0x40
	noDependency      = 0xffff
)

const eventNamespace = "http://schemas.microsoft.com/win/2004/08/events/event"

func (c *chunk) fragment() { c.b = append(c.b, tokenFragment, 1, 1, 0) }

// node writes the content of an element or the value of an attribute.
type node func(*chunk)

type attribute struct {
	name  string
	value node
}

func text(s string) node {
	return func(c *chunk) {
		chars := encodeUTF16(s)
		c.u8(tokenText)
		c.u8(typeString)
		c.u16(uint16(len(chars) / 2))
		c.b = append(c.b, chars...)
	}
}

// slot stands for a value of the instance.
func slot(index int, typ byte) node { return substitution(tokenSubstitution, index, typ) }

// optional stands for a value of the instance; the attribute or element over it is left out if it is null.
func optional(index int, typ byte) node { return substitution(tokenOptional, index, typ) }

func substitution(token byte, index int, typ byte) node {
	return func(c *chunk) {
		c.u8(token)
		c.u16(uint16(index))
		c.u8(typ)
	}
}

func element(name string, attrs []attribute, content ...node) node {
	return func(c *chunk) {
		token := byte(tokenOpen)
		if len(attrs) > 0 {
			token |= tokenMore
		}
		c.u8(token)
		c.u16(noDependency)
		c.sized(func() {
			c.name(name)
			if len(attrs) > 0 {
				c.sized(func() { c.attributes(attrs) })
			}
			if len(content) == 0 {
				c.u8(tokenCloseEmpty)
				return
			}
			c.u8(tokenCloseStart)
			for _, n := range content {
				n(c)
			}
			c.u8(tokenCloseElement)
		})
	}
}

func (c *chunk) attributes(attrs []attribute) {
	for i, a := range attrs {
		token := byte(tokenAttribute)
		if i < len(attrs)-1 {
			token |= tokenMore
		}
		c.u8(token)
		c.name(a.name)
		a.value(c)
	}
}

// The slots of the system template, in the order of systemValues.
const (
	slotLevel = iota
	slotOpcode
	slotTask
	slotID
	slotQualifiers
	slotKeywords
	slotTime
	slotActivityID
	slotProcessID
	slotThreadID
	slotRecordID
	slotVersion
	slotUserSID
	slotChannel
	slotComputer
	slotPayload
)

// systemTemplate is the event around the payload. Name and GUID of the provider are literals in it.
func systemTemplate(e *Event) (key string, definition node) {
	provider := []attribute{{"Name", text(e.Provider)}}
	if e.ProviderGUID != "" {
		provider = append(provider, attribute{"Guid", text(e.ProviderGUID)})
	}
	if e.EventSourceName != "" {
		provider = append(provider, attribute{"EventSourceName", text(e.EventSourceName)})
	}
	key = strings.Join([]string{"system", e.Provider, e.ProviderGUID, e.EventSourceName}, "\x00")
	return key, element("Event", []attribute{{"xmlns", text(eventNamespace)}},
		element("System", nil,
			element("Provider", provider),
			element("EventID", []attribute{{"Qualifiers", optional(slotQualifiers, typeUint16)}}, optional(slotID, typeUint16)),
			element("Version", nil, optional(slotVersion, typeUint8)),
			element("Level", nil, optional(slotLevel, typeUint8)),
			element("Task", nil, optional(slotTask, typeUint16)),
			element("Opcode", nil, optional(slotOpcode, typeUint8)),
			element("Keywords", nil, optional(slotKeywords, typeHex64)),
			element("TimeCreated", []attribute{{"SystemTime", optional(slotTime, typeFileTime)}}),
			element("EventRecordID", nil, optional(slotRecordID, typeUint64)),
			element("Correlation", []attribute{{"ActivityID", optional(slotActivityID, typeGUID)}}),
			element("Execution", []attribute{{"ProcessID", optional(slotProcessID, typeUint32)}, {"ThreadID", optional(slotThreadID, typeUint32)}}),
			element("Channel", nil, optional(slotChannel, typeString)),
			element("Computer", nil, optional(slotComputer, typeString)),
			element("Security", []attribute{{"UserID", optional(slotUserSID, typeSID)}}),
		),
		optional(slotPayload, typeBinXML),
	)
}

func systemValues(e *Event) ([]value, error) {
	var qualifiers any
	if e.Qualifiers != 0 {
		qualifiers = e.Qualifiers
	}
	var vals []value
	for _, v := range []any{
		e.Level, e.Opcode, e.Task, e.ID, qualifiers, HexInt64(e.Keywords), e.Time, e.ActivityID, e.ProcessID,
		e.ThreadID, e.RecordID, e.Version, e.UserSID, e.Channel, e.Computer,
	} {
		enc, err := encode(v)
		if err != nil {
			return nil, err
		}
		vals = append(vals, enc)
	}
	payload, err := payloadValue(e)
	return append(vals, payload), err
}

// payloadValue is the nested fragment with EventData or UserData.
func payloadValue(e *Event) (value, error) {
	fields := e.EventData
	key := []string{"EventData"}
	if e.UserData != nil {
		fields = e.UserData.Fields
		key = []string{"UserData", e.UserData.Root, e.UserData.Namespace}
	} else if unnamed := unnamedStrings(fields); len(unnamed) > 0 {
		fields = []Field{{Value: unnamed}}
	}
	var vals []value
	var elements []node
	for i, f := range fields {
		enc, err := encode(f.Value)
		if err != nil {
			return value{}, fmt.Errorf("field %d %q: %w", i, f.Name, err)
		}
		name, attrs := f.Name, []attribute(nil)
		if e.UserData == nil {
			name = "Data"
			if f.Name != "" {
				attrs = []attribute{{"Name", text(f.Name)}}
			}
		}
		content := slot(len(vals), enc.typ)
		if enc.typ == typeNull {
			content = optional(len(vals), enc.typ)
		}
		elements = append(elements, element(name, attrs, content))
		vals = append(vals, enc)
		key = append(key, f.Name, string(rune(enc.typ)))
	}
	if e.Binary != nil {
		enc, err := encode(e.Binary)
		if err != nil {
			return value{}, fmt.Errorf("the binary value: %w", err)
		}
		elements = append(elements, element("Binary", nil, slot(len(vals), typeBinary)))
		vals = append(vals, enc)
		key = append(key, "\x00Binary")
	}
	definition := element("EventData", nil, elements...)
	if e.UserData != nil {
		definition = element("UserData", nil,
			element(e.UserData.Root, []attribute{{"xmlns", text(e.UserData.Namespace)}}, elements...))
	}
	return value{typ: typeBinXML, build: func(c *chunk) { c.instance(strings.Join(key, "\x00"), definition, vals) }}, nil
}

// unnamedStrings returns the values if all fields are strings without a name.
func unnamedStrings(fields []Field) []string {
	var all []string
	for _, f := range fields {
		s, ok := f.Value.(string)
		if !ok || f.Name != "" {
			return nil
		}
		all = append(all, s)
	}
	return all
}
