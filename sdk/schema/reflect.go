package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
)

// The formats and extensions of JSON Schema that carry what JSON Schema itself cannot say.
const (
	formatTime     = "date-time"
	formatDuration = "rectify-duration"
	formatSize     = "rectify-size"
	formatPath     = "rectify-path"
	formatHResult  = "hresult"
	formatRegex    = "regex"

	extKeysFrom = "x-keys-from"
	extCounts   = "x-counts"
	extGrows    = "x-grows"
	extVariants = "x-variants"
)

// Reflect writes the JSON Schema of a Go struct. It understands `json:"name,omitempty"` (omitempty, omitzero, or a default,
// makes a field optional), `jsonschema:"enum=a,enum=b,default=x,minimum=0,maximum=9,pattern=…"` (a comma in a pattern is
// written `\\,`), `jsonschema_description:"…"` and `jsonschema_extras:"x-keys-from=patterns"` with the extensions x-keys-from,
// x-counts and x-grows of [Type]. It panics when the type cannot be described; a plugin's own tests find that.
func Reflect[T any]() json.RawMessage { return ReflectType(reflect.TypeFor[T]()) }

// ReflectType is [Reflect] for a type that is known only when the program runs.
func ReflectType(t reflect.Type) json.RawMessage {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("schema: %s is not a struct: inputs and outputs are objects", t))
	}
	b, err := json.Marshal(describeType(t, t.String()))
	if err != nil {
		panic(fmt.Sprintf("schema of %s: %v", t, err))
	}
	return b
}

// node is a JSON Schema, as far as plugins need one.
type node struct {
	Items                *node       `json:"items,omitempty"`
	Properties           *properties `json:"properties,omitempty"`
	AdditionalProperties any         `json:"additionalProperties,omitempty"` // false, or a *node
	Type                 string      `json:"type,omitempty"`
	Enum                 []string    `json:"enum,omitempty"`
	Maximum              json.Number `json:"maximum,omitempty"`
	Minimum              json.Number `json:"minimum,omitempty"`
	Pattern              string      `json:"pattern,omitempty"`
	Required             []string    `json:"required,omitempty"`
	Format               string      `json:"format,omitempty"`
	Description          string      `json:"description,omitempty"`
	Default              any         `json:"default,omitempty"`
	KeysFrom             string      `json:"x-keys-from,omitempty"`
	Counts               string      `json:"x-counts,omitempty"`
	Grows                bool        `json:"x-grows,omitempty"`
}

// properties are fields in the order of the struct, which is the order that people read them in.
type properties struct {
	names []string
	nodes []*node
}

func (p *properties) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range p.names {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.nodes[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, key...), ':'), value...)
	}
	return append(b, '}'), nil
}

// describeType describes a type; at says where it was met.
func describeType(t reflect.Type, at string) *node {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &node{Type: "string", Format: formatTime}
	case reflect.TypeFor[Span]():
		return &node{Type: "string", Format: formatDuration}
	case reflect.TypeFor[Bytes]():
		return &node{Type: "integer", Format: formatSize}
	case reflect.TypeFor[TargetPath]():
		return &node{Type: "string", Format: formatPath}
	case reflect.TypeFor[Regexp]():
		return &node{Type: "string", Format: formatRegex}
	case reflect.TypeFor[hresult.Code]():
		return &node{Type: "string", Format: formatHResult}
	case reflect.TypeFor[time.Duration]():
		panic("schema: " + at + ": time.Duration would be a bare number of nanoseconds in JSON; use schema.Span")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return describeType(t.Elem(), at)
	case reflect.Bool:
		return &node{Type: "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &node{Type: "integer"}
	case reflect.Float32, reflect.Float64:
		return &node{Type: "number"}
	case reflect.String:
		return &node{Type: "string"}
	case reflect.Interface:
		return &node{}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			panic("schema: " + at + ": bytes have no type in playbooks; use text")
		}
		return &node{Type: "array", Items: describeType(t.Elem(), at+"[]")}
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic("schema: " + at + ": the keys of a map are texts")
		}
		return &node{Type: "object", AdditionalProperties: describeType(t.Elem(), at+"{}")}
	case reflect.Struct:
		if strings.Count(at, ".") > maxDepth {
			panic("schema: " + at + ": the type holds itself")
		}
		n := &node{Type: "object", Properties: &properties{}, AdditionalProperties: false}
		n.describeFields(t, at)
		return n
	}
	panic(fmt.Sprintf("schema: %s: a %s has no type in playbooks", at, t))
}

func (n *node) describeFields(t reflect.Type, at string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && options == "" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" {
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			if embedded.Kind() == reflect.Struct {
				n.describeFields(embedded, at)
				continue
			}
		}
		if name == "" {
			name = f.Name
		}
		field := describeType(f.Type, at+"."+f.Name)
		field.annotate(f, at+"."+f.Name)
		n.Properties.names = append(n.Properties.names, name)
		n.Properties.nodes = append(n.Properties.nodes, field)
		optional := field.Default != nil
		for option := range strings.SplitSeq(options, ",") {
			optional = optional || option == "omitempty" || option == "omitzero"
		}
		if !optional {
			n.Required = append(n.Required, name)
		}
	}
}

// annotate reads the tags of a field.
func (n *node) annotate(f reflect.StructField, at string) {
	n.Description = f.Tag.Get("jsonschema_description")
	for _, part := range append(tagParts(f.Tag.Get("jsonschema")), tagParts(f.Tag.Get("jsonschema_extras"))...) {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "enum":
			if n.Type != "string" {
				panic("schema: " + at + ": an enum is one of texts")
			}
			n.Enum = append(n.Enum, value)
		case "default":
			n.Default = n.literal(value, at)
		case "minimum":
			n.Minimum = number(value, at)
		case "maximum":
			n.Maximum = number(value, at)
		case "pattern":
			n.Pattern = value
		case "format":
			n.Format = value
		case "description":
			n.Description = value
		case extKeysFrom:
			n.KeysFrom = value
		case extCounts:
			n.Counts = value
		case extGrows:
			n.Grows = value == "true"
		default:
			panic(fmt.Sprintf("schema: %s: the tag has %q; expected enum, default, minimum, maximum, pattern, format, description, %s, %s or %s",
				at, part, extKeysFrom, extCounts, extGrows))
		}
	}
}

// tagParts takes a tag apart at its commas, save those behind a backslash.
func tagParts(tag string) []string {
	var parts []string
	for part := range strings.SplitSeq(tag, ",") {
		if last := len(parts) - 1; last >= 0 && strings.HasSuffix(parts[last], `\`) {
			parts[last] = strings.TrimSuffix(parts[last], `\`) + "," + part
		} else if part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func number(s, at string) json.Number {
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		panic(fmt.Sprintf("schema: %s: %q is not a number", at, s))
	}
	return json.Number(s)
}

// literal reads a default value as its type.
func (n *node) literal(s, at string) any {
	switch n.Type {
	case "integer", "number":
		return number(s, at)
	case "boolean":
		b, err := strconv.ParseBool(s)
		if err != nil {
			panic(fmt.Sprintf("schema: %s: the default %q is no boolean", at, s))
		}
		return b
	case "string":
		return s
	}
	panic("schema: " + at + ": only single values have a default")
}

// WithVariants adds variants to the object at path ("events[].data") of a reflected schema.
func WithVariants(raw json.RawMessage, path string, variants []Variant) json.RawMessage {
	var root map[string]any
	if err := json.Unmarshal(raw, &root); err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	at := root
	for _, step := range strings.Split(path, ".") {
		name, list := strings.CutSuffix(step, "[]")
		at = at["properties"].(map[string]any)[name].(map[string]any)
		if list {
			at = at["items"].(map[string]any)
		}
	}
	var out []any
	for _, v := range variants {
		fields := map[string]any{}
		for _, f := range v.Fields {
			fields[f.Name] = scalarSchema(f.Type)
		}
		out = append(out, map[string]any{"when": v.When, "properties": fields})
	}
	at[extVariants] = out
	b, err := json.Marshal(root)
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	return b
}

func scalarSchema(t *Type) map[string]any {
	s := map[string]any{}
	if t.Doc != "" {
		s["description"] = t.Doc
	}
	switch t.Kind {
	case Int:
		s["type"] = "integer"
	case Size:
		s["type"], s["format"] = "integer", formatSize
	case Number:
		s["type"] = "number"
	case Bool:
		s["type"] = "boolean"
	case Time:
		s["type"], s["format"] = "string", formatTime
	case Duration:
		s["type"], s["format"] = "string", formatDuration
	case Path:
		s["type"], s["format"] = "string", formatPath
	case HResult:
		s["type"], s["format"] = "string", formatHResult
	case Text:
		s["type"] = "string"
		if t.Regexp {
			s["format"] = formatRegex
		}
	default:
		panic("schema: a variant's fields are single values, not " + t.String())
	}
	return s
}
