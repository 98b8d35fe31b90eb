// Package schema is the type language that crosses the border between the engine and a plugin: JSON Schema on the
// wire, a small tree of types in memory. It reflects Go structs into JSON Schema, reads JSON Schema back, and turns
// JSON documents into canonical Go values by it, so that an integer stays an integer and a time is a time.
package schema

import (
	"regexp"
	"slices"
	"strings"
)

// Kind is what a value is. The zero value is Any: nothing is known about it.
type Kind int

// The kinds, with the Go type of their canonical value.
const (
	Any      Kind = iota // whatever JSON holds: only for data that no condition looks into
	Text                 // string
	Int                  // int64
	Number               // float64
	Bool                 // bool
	Time                 // time.Time in UTC; JSON: RFC 3339
	Duration             // time.Duration; JSON: "1h30m", "30d"
	Size                 // int64 bytes; JSON: integer
	Path                 // string: a path on the target, Windows form
	HResult              // hresult.Code; JSON: "0x8024001E"
	List                 // []any
	Object               // map[string]any with known fields; an absent optional field is an absent key
	Map                  // map[string]any with keys that are data
)

var kindNames = [...]string{
	Any: "any", Text: "text", Int: "int", Number: "number", Bool: "bool", Time: "time", Duration: "duration",
	Size: "size", Path: "path", HResult: "hresult", List: "list", Object: "object", Map: "map",
}

// String is the name of the kind in the playbook language.
func (k Kind) String() string {
	if k >= 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "any"
}

// KindOf finds a kind by its name in the playbook language; only kinds of single values can be named.
func KindOf(name string) (Kind, bool) {
	k := Kind(slices.Index(kindNames[:], name))
	return k, k > Any && k < List
}

// Type is the type of a value.
type Type struct {
	Kind Kind
	Doc  string

	// Elem is the type of a list's items and of a map's values.
	Elem *Type
	// Fields are those of an object, sorted by name where they were parsed.
	Fields []Field
	// KeysFrom names the argument of the call whose keys are the keys of this map; empty when the keys are free data.
	KeysFrom string
	// Variants refine an object by the literal arguments of the call; see [Type.Resolve].
	Variants []Variant

	// Enum lists the only values that a text may have; empty means any.
	Enum []string
	// Pattern is the regular expression (RE2, not anchored) that a text must match; empty means any.
	Pattern  string
	compiled *regexp.Regexp // of a pattern that was parsed
	// Regexp says that a text is itself a regular expression (RE2); JSON: format "regex".
	Regexp bool
	// Minimum and Maximum bound a number, both inclusive.
	Minimum, Maximum *float64
	// Default is the canonical value of a field of an input that is left out; nil when there is none.
	Default any

	// Grows says that more data can only raise this number: a count of findings. On a partial fact it is a lower bound.
	Grows bool
	// Counts names the sibling list that this number counts.
	Counts string
}

// Field is one field of an object.
type Field struct {
	Name     string
	Type     *Type
	Required bool
}

// Variant gives an object more precise fields when the call's arguments select it.
type Variant struct {
	// When maps the name of an argument to the value that it must have, or must hold when it is a list.
	When   map[string]any
	Fields []Field
}

// Field finds a field of an object.
func (t *Type) Field(name string) (Field, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// FieldNames lists the fields of an object, sorted.
func (t *Type) FieldNames() []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	slices.Sort(names)
	return names
}

// String is the type as the playbook language names it, for messages: "text", "list of objects".
func (t *Type) String() string {
	switch {
	case t == nil:
		return Any.String()
	case t.Kind == List:
		return "list of " + plural(t.Elem)
	case t.Kind == Map:
		return "map of " + plural(t.Elem)
	}
	return t.Kind.String()
}

func plural(t *Type) string {
	s := t.String()
	switch {
	case strings.HasPrefix(s, "list of "):
		return "lists of " + strings.TrimPrefix(s, "list of ")
	case strings.HasPrefix(s, "map of "):
		return "maps of " + strings.TrimPrefix(s, "map of ")
	case s == "any", s == "text":
		return s
	}
	return s + "s"
}

// Of makes a type of a single value.
func Of(k Kind) *Type { return &Type{Kind: k} }

// ListOf makes the type of a list.
func ListOf(elem *Type) *Type { return &Type{Kind: List, Elem: elem} }

// ObjectOf makes the type of an object.
func ObjectOf(fields ...Field) *Type { return &Type{Kind: Object, Fields: fields} }
