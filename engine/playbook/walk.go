package playbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rectify-project/rectify/engine/diag"
)

// reader collects the diagnostics of one file.
type reader struct {
	file string
	list diag.List
}

func (r *reader) add(d diag.Diagnostic) {
	switch {
	case len(r.list) < maxDiagnostics:
		d.File = r.file
		r.list = append(r.list, d)
	case len(r.list) == maxDiagnostics:
		r.list = append(r.list, diag.Diagnostic{File: r.file, Span: d.Span, Kind: "too-many", Message: "more is wrong from here on; it is not listed"})
	}
}

func (r *reader) report(at diag.Span, kind, message, hint string) {
	r.add(diag.Diagnostic{Span: at, Kind: kind, Message: message, Hint: hint})
}

// short cuts a quoted piece of the document to what a message can hold.
func short(text string) string {
	const most = 60
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}

func (r *reader) reportTrap(s Scalar) {
	hint := fmt.Sprintf("write it in quotes: '%s'", short(s.Value))
	if strings.HasSuffix(s.trap, "truth value true") {
		hint += "; a truth value is written true"
	} else if strings.HasSuffix(s.trap, "truth value false") {
		hint += "; a truth value is written false"
	}
	r.report(s.Span, "ambiguous-word", fmt.Sprintf("the bare word %s is ambiguous: %s", short(s.Value), s.trap), hint)
}

func (r *reader) wrongKind(v Value, what, wanted string) {
	hint := ""
	if v.inBraces() {
		hint = "YAML takes braces for a mapping; write a text that begins with a brace in quotes"
	}
	r.report(v.Span, "wrong-kind", fmt.Sprintf("%s must be %s, not %s", what, wanted, v.describe()), hint)
}

// mapping walks over the keys of one mapping: those that are asked for are accepted, the others are errors.
type mapping struct {
	*reader
	what    string    // "a step", "the playbook"
	at      diag.Span // where a missing key is reported
	entries []Entry
	asked   []string
	needed  []string
}

// mapping begins the walk; it is nil, and reported, where v is no mapping.
func (r *reader) mapping(v Value, what string, at diag.Span) *mapping {
	switch v.Kind {
	case Invalid:
		return nil
	case MapValue:
	default:
		r.wrongKind(v, what, "a mapping")
		return nil
	}
	if len(v.Map) > 0 && !at.Start.Known() {
		at = v.Map[0].Key.Span
	} else if !at.Start.Known() {
		at = v.Span
	}
	return &mapping{reader: r, what: what, at: at, entries: v.Map}
}

// find accepts a key and gives its entry, nil where it is not there.
func (m *mapping) find(key string) *Entry {
	m.asked = append(m.asked, key)
	for i := range m.entries {
		if m.entries[i].Key.Value == key {
			return &m.entries[i]
		}
	}
	return nil
}

// value accepts a key and gives its value, nil where it is not there or is reported already.
func (m *mapping) value(key string) *Value {
	if e := m.find(key); e != nil && e.Value.Kind != Invalid {
		return &e.Value
	}
	return nil
}

// need makes keys required.
func (m *mapping) need(keys ...string) { m.needed = append(m.needed, keys...) }

// finish reports the unknown and the missing keys.
func (m *mapping) finish() {
	slices.Sort(m.asked)
	m.asked = slices.Compact(m.asked)
	meant := map[string]bool{}
	for _, e := range m.entries {
		if slices.Contains(m.asked, e.Key.Value) {
			continue
		}
		hint := "accepted here: " + strings.Join(m.asked, ", ")
		if near := diag.Suggest(e.Key.Value, m.asked); near != "" {
			meant[near] = true
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		m.report(e.Key.Span, "unknown-key", fmt.Sprintf("unknown key %q in %s", short(e.Key.Value), m.what), hint)
	}
	for _, key := range m.needed {
		if !meant[key] && !slices.ContainsFunc(m.entries, func(e Entry) bool { return e.Key.Value == key }) {
			hint := fmt.Sprintf("add %s: …", key)
			if key == "rectify" {
				hint = "write rectify: " + Version + " as its first line"
			}
			m.report(m.at, "missing-key", fmt.Sprintf("%s needs the key %q", m.what, key), hint)
		}
	}
}

// text accepts a key whose value is text without expressions.
func (m *mapping) text(key string) *Scalar {
	v := m.value(key)
	if v == nil {
		return nil
	}
	return m.reader.text(*v, strconv.Quote(key))
}

// must is text for a required key; the zero Scalar stands for a missing one.
func (m *mapping) must(key string) Scalar {
	m.need(key)
	if s := m.text(key); s != nil {
		return *s
	}
	return Scalar{}
}

func (r *reader) text(v Value, what string) *Scalar {
	switch {
	case v.Kind == Invalid:
	case v.Kind != ScalarValue:
		r.wrongKind(v, what, "text")
	case v.Template != nil:
		r.report(v.Template.Expressions()[0].Span(), "template", what+" cannot hold an expression", "write the text itself")
	case v.Scalar.trap != "":
		r.reportTrap(v.Scalar)
	case strings.TrimSpace(v.Scalar.Value) == "":
		r.report(v.Span, "no-value", what+" is empty", "write a text, or leave the key out")
	default:
		return &v.Scalar
	}
	return nil
}

// template accepts a key whose value is text that may hold expressions.
func (m *mapping) template(key string) *Template {
	v := m.value(key)
	if v == nil {
		return nil
	}
	if v.Kind == ScalarValue && v.Template != nil {
		return v.Template
	}
	s := m.reader.text(*v, strconv.Quote(key))
	if s == nil {
		return nil
	}
	return &Template{Scalar: *s, Parts: []Part{{Literal: s.Value}}}
}

// flag accepts a key whose value is true or false; without it the answer is false.
func (m *mapping) flag(key string) bool {
	v := m.value(key)
	if v == nil {
		return false
	}
	if v.Kind != ScalarValue || v.Scalar.Kind != Bool {
		m.report(v.Span, "wrong-kind", fmt.Sprintf("%q must be true or false", key), "write true or false, without quotes")
		return false
	}
	return v.Scalar.Value == "true"
}

// word accepts a key whose value is one of a few words.
func (m *mapping) word(key string, accepted ...string) *Scalar {
	s := m.text(key)
	if s == nil || !m.oneOf(*s, strconv.Quote(key), accepted) {
		return nil
	}
	return s
}

func (r *reader) oneOf(s Scalar, what string, accepted []string) bool {
	if slices.Contains(accepted, s.Value) {
		return true
	}
	hint := "accepted: " + strings.Join(accepted, ", ")
	if near := diag.Suggest(s.Value, accepted); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	r.report(s.Span, "unknown-word", fmt.Sprintf("%s cannot be %q", what, short(s.Value)), hint)
	return false
}

// each accepts a key whose value is a list and calls back for each item.
func (m *mapping) each(key string, item func(Value)) {
	v := m.value(key)
	if v == nil {
		return
	}
	if v.Kind != ListValue {
		m.wrongKind(*v, strconv.Quote(key), "a list")
		return
	}
	for _, child := range v.List {
		if child.Kind != Invalid {
			item(child)
		}
	}
}

// texts accepts a key whose value is a list of texts.
func (m *mapping) texts(key string) []Scalar {
	var all []Scalar
	m.each(key, func(v Value) {
		if s := m.reader.text(v, "an item of "+strconv.Quote(key)); s != nil {
			all = append(all, *s)
		}
	})
	return all
}

// entriesOf accepts a key whose value is a mapping with keys of the writer's choice.
func (m *mapping) entriesOf(key string) []Entry {
	v := m.value(key)
	if v == nil {
		return nil
	}
	if v.Kind != MapValue {
		m.wrongKind(*v, strconv.Quote(key), "a mapping")
		return nil
	}
	return v.Map
}
