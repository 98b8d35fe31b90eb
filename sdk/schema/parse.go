package schema

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
)

// maxDepth bounds the nesting of a schema that a plugin publishes.
const maxDepth = 32

// Parse reads the JSON Schema of an object as the type tree that conditions are checked with. It accepts what
// [Reflect] writes and what other languages commonly write for the same thing; a construct that it cannot give a type
// (oneOf, $ref) or cannot check (minLength) is an error that names its place, because silently passing over it would
// switch checking off. Two things are stricter than JSON Schema: an object with properties is closed unless it has
// additionalProperties, and an integer has 64 bits.
func Parse(raw json.RawMessage) (*Type, error) {
	node, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("the schema is %w", err)
	}
	t, err := parseNode(node, "", 0)
	if err != nil {
		return nil, err
	}
	if t.Kind != Object {
		return nil, fmt.Errorf("the schema describes %s, expected an object", t)
	}
	return t, nil
}

func parseNode(node any, at string, depth int) (*Type, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: the schema nests deeper than %d", place(at), maxDepth)
	}
	if b, ok := node.(bool); ok && b {
		return Of(Any), nil
	}
	m, ok := node.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: expected a schema object", place(at))
	}
	for _, keyword := range unsupported {
		if _, has := m[keyword]; has {
			return nil, fmt.Errorf("%s: %q is not supported: write the type out", place(at), keyword)
		}
	}
	if err := wellFormed(m); err != nil {
		return nil, fmt.Errorf("%s: %w", place(at), err)
	}
	t := &Type{Doc: text(m["description"]), Pattern: text(m["pattern"])}
	if err := t.parseKind(m, at, depth); err != nil {
		return nil, err
	}
	if err := t.parseLimits(m, at); err != nil {
		return nil, err
	}
	t.KeysFrom, t.Counts = text(m[extKeysFrom]), text(m[extCounts])
	t.Grows = t.Counts != "" || text(m[extGrows]) == "true" || m[extGrows] == true
	if d, has := m["default"]; has {
		v, err := t.canonical(d, "")
		if err != nil {
			return nil, fmt.Errorf("%s: the default value: %w", place(at), err)
		}
		t.Default = v
	}
	return t, nil
}

// unsupported are the keywords of JSON Schema that would be passed over, were they not refused.
var unsupported = [...]string{
	"$ref", "$dynamicRef", "oneOf", "anyOf", "allOf", "not", "if", "then", "else", "const", "dependentSchemas",
	"dependentRequired", "dependencies", "prefixItems", "additionalItems", "contains", "minContains", "maxContains",
	"minItems", "maxItems", "uniqueItems", "unevaluatedItems", "patternProperties", "propertyNames", "minProperties",
	"maxProperties", "unevaluatedProperties", "minLength", "maxLength", "multipleOf", "exclusiveMinimum",
	"exclusiveMaximum",
}

// texts are the keywords that hold a text, whatever else a schema has.
var texts = [...]string{"$schema", "$id", "$comment", "title", "description", "format", "pattern", extKeysFrom, extCounts}

// wellFormed says which keyword holds something of another type than JSON Schema gives it: read as if it were not there, it
// would switch checking off.
func wellFormed(m map[string]any) error {
	for _, keyword := range texts {
		if v, has := m[keyword]; has {
			if _, ok := v.(string); !ok {
				return fmt.Errorf("%s is %s, expected text", keyword, describe(v))
			}
		}
	}
	required, ok := m["required"].([]any)
	if _, has := m["required"]; has && !ok {
		return fmt.Errorf("required is %s, expected a list of names", describe(m["required"]))
	}
	for i, r := range required {
		if _, ok := r.(string); !ok || slices.Contains(required[:i], r) {
			return fmt.Errorf("required holds %s, expected names, each once", describe(r))
		}
	}
	if v, has := m["type"]; has && v == nil {
		return fmt.Errorf("type is null, expected a name")
	}
	kind, err := typeName(m["type"])
	if err != nil {
		return err
	}
	for _, k := range [...]struct{ keyword, kind string }{
		{"items", "array"}, {"properties", "object"}, {"additionalProperties", "object"}, {"required", "object"}, {extVariants, "object"},
	} {
		if v, has := m[k.keyword]; has && (kind != k.kind || v == nil) {
			return fmt.Errorf("%s is %s in a schema of type %q, expected it in one of type %q", k.keyword, describe(v), kind, k.kind)
		}
	}
	return nil
}

// parseLimits reads what narrows a single value.
func (t *Type) parseLimits(m map[string]any, at string) error {
	if t.Pattern != "" {
		compiled, err := regexp.Compile(t.Pattern)
		if err != nil {
			return fmt.Errorf("%s: the pattern: %w", place(at), err)
		}
		t.compiled = compiled
	}
	if enum, has := m["enum"]; has {
		values, ok := enum.([]any)
		if !ok || len(values) == 0 || t.Kind != Text && t.Kind != Path {
			return fmt.Errorf("%s: an enum is a list of texts, and stands in a schema of type string", place(at))
		}
		for _, v := range values {
			s, ok := v.(string)
			if !ok {
				return fmt.Errorf("%s: the enum holds %s, expected texts only", place(at), describe(v))
			}
			t.Enum = append(t.Enum, s)
		}
	}
	for keyword, limit := range map[string]**float64{"minimum": &t.Minimum, "maximum": &t.Maximum} {
		v, has := m[keyword]
		if !has {
			continue
		}
		f, ok := float(v)
		if !ok || t.Kind != Int && t.Kind != Size && t.Kind != Number {
			return fmt.Errorf("%s: %s is a number, and stands in a schema of a number", place(at), keyword)
		}
		*limit = &f
	}
	return nil
}

func (t *Type) parseKind(m map[string]any, at string, depth int) error {
	name, err := typeName(m["type"])
	if err != nil {
		return fmt.Errorf("%s: %w", place(at), err)
	}
	switch name {
	case "string":
		t.Kind = map[string]Kind{formatTime: Time, formatDuration: Duration, formatPath: Path, formatHResult: HResult}[text(m["format"])]
		if t.Kind == Any {
			t.Kind, t.Regexp = Text, text(m["format"]) == formatRegex
		}
	case "integer":
		t.Kind = Int
		if text(m["format"]) == formatSize {
			t.Kind = Size
		}
	case "number":
		t.Kind = Number
	case "boolean":
		t.Kind = Bool
	case "array":
		t.Kind = List
		elem, err := parseNode(orTrue(m["items"]), at+"[]", depth+1)
		t.Elem = elem
		return err
	case "object":
		return t.parseObject(m, at, depth)
	case "":
		t.Kind = Any
	default:
		return fmt.Errorf("%s: type %q is not supported", place(at), name)
	}
	return nil
}

func (t *Type) parseObject(m map[string]any, at string, depth int) error {
	props, ok := m["properties"].(map[string]any)
	if _, has := m["properties"]; has && !ok {
		return fmt.Errorf("%s: properties is %s, expected an object", place(at), describe(m["properties"]))
	}
	extra, hasExtra := m["additionalProperties"]
	_, hasVariants := m[extVariants]
	if !hasExtra && !ok && !hasVariants {
		extra, hasExtra = true, true // nothing is said of its fields
	}
	if hasExtra && extra != false {
		elem, err := parseNode(extra, at+".*", depth+1)
		if err != nil {
			return err
		}
		t.Elem = elem
	}
	t.Kind = Object
	if len(props) == 0 && t.Elem != nil {
		t.Kind = Map
	}
	required := list(m["required"])
	for _, r := range required {
		if _, has := props[text(r)]; !has {
			return fmt.Errorf("%s: the required field %q is not among the properties", place(at), text(r))
		}
	}
	for _, name := range sortedKeys(props) {
		ft, err := parseNode(props[name], at+"."+name, depth+1)
		if err != nil {
			return err
		}
		t.Fields = append(t.Fields, Field{Name: name, Type: ft, Required: slices.Contains(required, any(name))})
	}
	return t.parseVariants(m[extVariants], at, depth)
}

func (t *Type) parseVariants(variants any, at string, depth int) error {
	for i, v := range list(variants) {
		at := fmt.Sprintf("%s: variant %d", place(at), i+1)
		vm, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: is %s, expected an object", at, describe(v))
		}
		when, ok := vm["when"].(map[string]any)
		if !ok || len(when) == 0 {
			return fmt.Errorf("%s: its when is missing: the arguments that select it", at)
		}
		for name, want := range when {
			if n, ok := want.(json.Number); ok {
				i, err := n.Int64()
				if err != nil {
					return fmt.Errorf("%s: %s is %s, expected text, a whole number or a boolean", at, name, describe(want))
				}
				when[name] = i
				continue
			}
			if !single(want) {
				return fmt.Errorf("%s: %s is %s, expected text, a whole number or a boolean", at, name, describe(want))
			}
		}
		fields, err := parseNode(map[string]any{"type": "object", "properties": orEmpty(vm["properties"])}, at, depth+1)
		if err != nil {
			return err
		}
		t.Variants = append(t.Variants, Variant{When: when, Fields: fields.Fields})
	}
	return nil
}

// typeName is the type of a schema, which may be null besides.
func typeName(v any) (string, error) {
	switch x := v.(type) {
	case nil:
		return "", nil
	case string:
		if x != "" {
			return x, nil
		}
	case []any:
		var names []string
		for _, n := range x {
			if s := text(n); s != "null" {
				names = append(names, s)
			}
		}
		if len(names) == 1 && names[0] != "" && len(x) <= 2 {
			return names[0], nil
		}
	}
	return "", fmt.Errorf("the type is %s, expected one name, or one beside null", describe(v))
}

func orEmpty(v any) any {
	if v == nil {
		return map[string]any{}
	}
	return v
}

func orTrue(v any) any {
	if v == nil {
		return true
	}
	return v
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func place(at string) string {
	if at == "" {
		return "the schema"
	}
	return at
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
