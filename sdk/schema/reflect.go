package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/invopop/jsonschema"

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

// Reflect writes the JSON Schema of a Go struct. It understands `json:"name,omitempty"` (omitempty, or a default,
// makes a field optional), `jsonschema:"enum=a,enum=b,default=x,minimum=0,pattern=…"`, `jsonschema_description:"…"` and
// `jsonschema_extras:"x-keys-from=patterns"` with the extensions x-keys-from, x-counts and x-grows of [Type].
// It panics when the type cannot be described; a plugin's own tests find that.
func Reflect[T any]() json.RawMessage {
	r := jsonschema.Reflector{Anonymous: true, DoNotReference: true, ExpandedStruct: true, Mapper: mapped}
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("schema: %s is not a struct: inputs and outputs are objects", t))
	}
	s := r.ReflectFromType(t)
	s.Version = ""
	optionalByDefault(s)
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("schema of %s: %v", t, err))
	}
	return b
}

// optionalByDefault takes fields with a default out of the required ones.
func optionalByDefault(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	optionalByDefault(s.Items)
	optionalByDefault(s.AdditionalProperties)
	if s.Properties == nil {
		return
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		optionalByDefault(p.Value)
		if p.Value.Default != nil {
			s.Required = slices.DeleteFunc(s.Required, func(name string) bool { return name == p.Key })
		}
	}
}

func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: formatTime}
	case reflect.TypeFor[Span]():
		return &jsonschema.Schema{Type: "string", Format: formatDuration}
	case reflect.TypeFor[Bytes]():
		return &jsonschema.Schema{Type: "integer", Format: formatSize}
	case reflect.TypeFor[TargetPath]():
		return &jsonschema.Schema{Type: "string", Format: formatPath}
	case reflect.TypeFor[Regexp]():
		return &jsonschema.Schema{Type: "string", Format: formatRegex}
	case reflect.TypeFor[hresult.Code]():
		return &jsonschema.Schema{Type: "string", Format: formatHResult}
	case reflect.TypeFor[time.Duration]():
		panic("schema: time.Duration would be a bare number of nanoseconds in JSON; use schema.Span")
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		panic("schema: bytes have no type in playbooks; use text")
	}
	return nil
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
