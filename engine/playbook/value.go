package playbook

import "github.com/rectify-project/rectify/engine/diag"

// ValueKind says which of a Value's fields holds.
type ValueKind int

const (
	Invalid     ValueKind = iota // reported already, or not given
	ScalarValue                  // Scalar, and Template where it holds an expression
	ListValue                    // List
	MapValue                     // Map
)

// Value is a tree of lists and mappings over scalars, as it stands in the document with its aliases expanded.
// Values behind one alias share their memory and the place of its anchor: they are read, never written.
type Value struct {
	Kind     ValueKind
	Scalar   Scalar
	Template *Template // nil for a scalar without ${{ }}
	List     []Value
	Map      []Entry // in the order of the document, each key once
	Span     diag.Span
}

// Entry is one key of a mapping with its value.
type Entry struct {
	Key   Scalar
	Value Value
}

// Get finds the value of a key, nil where it is not there.
func (v Value) Get(key string) *Value {
	for i := range v.Map {
		if v.Map[i].Key.Value == key {
			return &v.Map[i].Value
		}
	}
	return nil
}

// describe names the kind of a value for messages.
func (v Value) describe() string {
	switch v.Kind {
	case ListValue:
		return "a list"
	case MapValue:
		return "a mapping"
	}
	return "text"
}

// inBraces says whether a mapping is written between braces.
func (v Value) inBraces() bool {
	return v.Kind == MapValue && (len(v.Map) == 0 || v.Span.Start != v.Map[0].Key.Span.Start)
}
