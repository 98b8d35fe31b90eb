package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rectify-project/rectify/sdk/hresult"
)

type searchInput struct {
	Files    []TargetPath      `json:"files" jsonschema_description:"globs"`
	Patterns map[string]string `json:"patterns,omitempty"`
	Since    Span              `json:"since" jsonschema:"default=30d"`
	Least    Bytes             `json:"least,omitempty" jsonschema:"default=1024"`
	Mode     string            `json:"mode,omitempty" jsonschema:"enum=all,enum=first,default=all"`
	ID       string            `json:"id,omitempty" jsonschema:"pattern=^[a-z]+$"`
	Ratio    float64           `json:"ratio,omitempty" jsonschema:"minimum=0,maximum=1"`
	Window   *window           `json:"window,omitempty"`
}

type window struct {
	From  time.Time `json:"from"`
	Limit int       `json:"limit,omitempty" jsonschema:"default=5"`
}

type hits struct {
	Count int   `json:"count" jsonschema_extras:"x-counts=lines"`
	Lines []hit `json:"lines"`
}

type hit struct {
	Text string       `json:"text"`
	Code hresult.Code `json:"code,omitempty"`
	At   time.Time    `json:"at,omitzero"`
}

type searchOutput struct {
	Patterns map[string]hits `json:"patterns" jsonschema_extras:"x-keys-from=patterns"`
	Total    int             `json:"total" jsonschema_extras:"x-grows=true"`
	Free     any             `json:"free,omitempty"`
}

func parsed[T any](t testing.TB) *Type {
	t.Helper()
	typ, err := Parse(Reflect[T]())
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func validatorOf(t testing.TB, raw json.RawMessage) *validator.Schema {
	t.Helper()
	doc, err := validator.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	c.DefaultDraft(validator.Draft2020)
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatalf("%s is no JSON Schema: %v", raw, err)
	}
	return s
}

func validates(t testing.TB, s *validator.Schema, doc string) error {
	t.Helper()
	v, err := validator.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// TestAgainstJSONSchema holds Canonical against an independent implementation, the formats aside: both accept and
// refuse the same documents, and what Canonical makes of a document is valid still.
func TestAgainstJSONSchema(t *testing.T) {
	in, out := Reflect[searchInput](), Reflect[searchOutput]()
	for name, c := range map[string]struct {
		schema json.RawMessage
		doc    string
		ok     bool
	}{
		"least":                  {in, `{"files":[]}`, true},
		"whole":                  {in, `{"files":["C:\\x"],"patterns":{"a":"b"},"since":"2d","least":7,"mode":"first","id":"abc","ratio":0.5,"window":{"from":"2026-01-10T09:00:00Z"}}`, true},
		"missing-field":          {in, `{}`, false},
		"unknown-field":          {in, `{"files":[],"nope":1}`, false},
		"unknown-field-deep":     {in, `{"files":[],"window":{"from":"2026-01-10T09:00:00Z","nope":1}}`, false},
		"missing-field-deep":     {in, `{"files":[],"window":{}}`, false},
		"wrong-type":             {in, `{"files":"C:\\x"}`, false},
		"wrong-item":             {in, `{"files":[1]}`, false},
		"wrong-map-value":        {in, `{"files":[],"patterns":{"a":1}}`, false},
		"map-instead-of-list":    {in, `{"files":{}}`, false},
		"outside-the-enum":       {in, `{"files":[],"mode":"some"}`, false},
		"outside-the-pattern":    {in, `{"files":[],"id":"abc1"}`, false},
		"less-than-minimum":      {in, `{"files":[],"ratio":-0.1}`, false},
		"at-the-maximum":         {in, `{"files":[],"ratio":1}`, true},
		"more-than-maximum":      {in, `{"files":[],"ratio":1.1}`, false},
		"integer-with-exponent":  {in, `{"files":[],"least":1e3}`, true},
		"integer-with-zeros":     {in, `{"files":[],"least":7.0}`, true},
		"integer-with-fraction":  {in, `{"files":[],"least":7.5}`, false},
		"not-an-object":          {in, `[]`, false},
		"text-is-not-an-integer": {in, `{"files":[],"window":{"from":"2026-01-10T09:00:00Z","limit":"5"}}`, false},
		"answer":                 {out, `{"patterns":{"a":{"count":1,"lines":[{"text":"x","code":"0x8024001E"}]}},"total":1,"free":{"a":[1,2.5,"x",true]}}`, true},
		"answer-incomplete":      {out, `{"patterns":{"a":{"lines":[]}},"total":1}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			typ, err := Parse(c.schema)
			if err != nil {
				t.Fatal(err)
			}
			s := validatorOf(t, c.schema)
			v, ours := typ.Canonical([]byte(c.doc))
			theirs := validates(t, s, c.doc)
			if (ours == nil) != c.ok || (theirs == nil) != c.ok {
				t.Fatalf("accepted: want %v; Canonical says %v, the validator says %v", c.ok, ours, theirs)
			}
			var pe *PathError
			if !c.ok {
				if !errors.As(ours, &pe) {
					t.Errorf("%v is no PathError", ours)
				}
				return
			}
			b, err := Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := validates(t, s, string(b)); err != nil {
				t.Errorf("the canonical form %s is invalid: %v", b, err)
			}
			again, err := typ.Canonical(b)
			if err != nil || !reflect.DeepEqual(again, v) {
				t.Errorf("%s reads as %v, %v; want %v", b, again, err, v)
			}
		})
	}
}

func TestReflectAndParse(t *testing.T) {
	in, out := parsed[searchInput](t), parsed[searchOutput](t)
	kind := func(typ *Type, name string) Field {
		f, ok := typ.Field(name)
		if !ok {
			t.Fatalf("no field %q in %v", name, typ.FieldNames())
		}
		return f
	}
	for name, want := range map[string]Kind{
		"files": List, "patterns": Map, "since": Duration, "least": Size, "mode": Text, "ratio": Number, "window": Object,
	} {
		if got := kind(in, name).Type.Kind; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if f := kind(in, "files"); !f.Required || f.Type.Elem.Kind != Path || f.Type.Doc != "globs" {
		t.Errorf("files: %+v", f)
	}
	if f := kind(in, "since"); f.Required || f.Type.Default != 30*24*time.Hour {
		t.Errorf("since has a default and is optional: %+v, default %v", f, f.Type.Default)
	}
	if f := kind(in, "least"); f.Type.Default != int64(1024) {
		t.Errorf("least: default %#v", f.Type.Default)
	}
	if f := kind(out, "total"); !f.Type.Grows || f.Type.Counts != "" {
		t.Errorf("total: %+v", f.Type)
	}
	patterns := kind(out, "patterns").Type
	if patterns.KeysFrom != "patterns" {
		t.Errorf("patterns: %+v", patterns)
	}
	if count := kind(patterns.Elem, "count").Type; count.Counts != "lines" || !count.Grows {
		t.Errorf("count: %+v", count)
	}
	lines := kind(patterns.Elem, "lines").Type.Elem
	if kind(lines, "code").Type.Kind != HResult || kind(lines, "at").Type.Kind != Time || kind(lines, "at").Required {
		t.Errorf("a line's fields: %+v", lines)
	}
	if kind(out, "free").Type.Kind != Any || in.String() != "object" || patterns.String() != "map of objects" {
		t.Errorf("names: %s, %s", in, patterns)
	}
}

func TestReflectPanics(t *testing.T) {
	for name, reflect := range map[string]func() json.RawMessage{
		"not-a-struct":  Reflect[[]string],
		"bare-duration": Reflect[struct{ D time.Duration }],
		"bytes":         Reflect[struct{ B []byte }],
		"holds-itself":  Reflect[folder],
		"keys-of-a-map": Reflect[struct{ M map[int]string }],
		"a-channel":     Reflect[struct{ C chan int }],
		"unknown-tag": Reflect[struct {
			N int `jsonschema:"multipleOf=2"`
		}],
		"no-number": Reflect[struct {
			N int `jsonschema:"default=many"`
		}],
		"enum-of-numbers": Reflect[struct {
			N int `jsonschema:"enum=1"`
		}],
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("described")
				}
			}()
			reflect()
		})
	}
}

func TestWithDefaults(t *testing.T) {
	typ := parsed[searchInput](t)
	given := map[string]any{"files": []any{}, "mode": "first", "window": map[string]any{"from": time.Unix(0, 0).UTC()}}
	got := typ.WithDefaults(given)
	want := map[string]any{"files": []any{}, "mode": "first", "since": 30 * 24 * time.Hour, "least": int64(1024),
		"window": map[string]any{"from": time.Unix(0, 0).UTC(), "limit": int64(5)}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(given) != 3 || len(given["window"].(map[string]any)) != 1 {
		t.Errorf("the argument was changed: %v", given)
	}
	if got := typ.WithDefaults(nil); got["window"] != nil || got["mode"] != "all" {
		t.Errorf("of nothing: %v", got)
	}
}

func TestWithDefaultsInside(t *testing.T) {
	typ, err := Parse(json.RawMessage(`{"type":"object","properties":{
		"list":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer","default":1}}}},
		"map":{"type":"object","additionalProperties":{"type":"object","properties":{"n":{"type":"integer","default":2}}}},
		"whole":{"type":"object","default":{"a":["x"]},"properties":{"a":{"type":"array","items":{"type":"string"}},"b":{"type":"boolean","default":false}}},
		"free":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := typ.WithDefaults(map[string]any{"list": []any{map[string]any{}}, "map": map[string]any{"k": map[string]any{}}, "free": []any{map[string]any{}}})
	want := map[string]any{"list": []any{map[string]any{"n": int64(1)}}, "map": map[string]any{"k": map[string]any{"n": int64(2)}},
		"whole": map[string]any{"a": []any{"x"}, "b": false}, "free": []any{map[string]any{}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got["whole"].(map[string]any)["a"].([]any)[0] = "changed"
	if again := typ.WithDefaults(nil); again["whole"].(map[string]any)["a"].([]any)[0] != "x" {
		t.Error("defaults are shared between calls")
	}
}

func TestHealthy(t *testing.T) {
	typ := parsed[searchOutput](t)
	none := map[string]any{"count": int64(0), "lines": []any{}}
	one := map[string]any{"count": int64(1), "lines": []any{}}
	patterns := map[string]any{"patterns": map[string]any{"a": "x", "b": "y"}}
	for name, c := range map[string]struct {
		raw  string
		args map[string]any
		want any
		says string
	}{
		"each-key":      {`{"patterns":{"*":{"count":0,"lines":[]}},"total":0}`, patterns, map[string]any{"patterns": map[string]any{"a": none, "b": none}, "total": int64(0)}, ""},
		"a-key-is-own":  {`{"patterns":{"*":{"count":0,"lines":[]},"b":{"count":1,"lines":[]}},"total":0}`, patterns, map[string]any{"patterns": map[string]any{"a": none, "b": one}, "total": int64(0)}, ""},
		"no-argument":   {`{"patterns":{"*":{"count":0,"lines":[]}},"total":0}`, nil, map[string]any{"patterns": map[string]any{}, "total": int64(0)}, ""},
		"null-lists":    {`{"patterns":{"*":{"count":0,"lines":null}},"total":0}`, patterns, map[string]any{"patterns": map[string]any{"a": none, "b": none}, "total": int64(0)}, ""},
		"no-star":       {`{"patterns":{},"total":0}`, patterns, nil, `"a" is missing`},
		"unknown-key":   {`{"patterns":{"*":{"count":0,"lines":[]},"c":{"count":0,"lines":[]}},"total":0}`, patterns, nil, `unknown field "c"`},
		"star-is-wrong": {`{"patterns":{"*":{"count":"0","lines":[]}},"total":0}`, patterns, nil, "/patterns/a/count"},
		"not-json":      {``, patterns, nil, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := typ.Healthy(json.RawMessage(c.raw), c.args)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("error %v, want one holding %q", err, c.says)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestResolveVariants(t *testing.T) {
	raw := WithVariants(json.RawMessage(`{"type":"object","properties":{"events":{"type":"array","items":{"type":"object","properties":{
		"data":{"type":"object","additionalProperties":{"type":"string"}}}}}}}`), "events[].data", []Variant{
		{When: map[string]any{"id": 20}, Fields: []Field{{Name: "code", Type: Of(HResult)}, {Name: "what", Type: Of(Text)}}},
		{When: map[string]any{"id": 19}, Fields: []Field{{Name: "title", Type: Of(Text)}, {Name: "what", Type: Of(Int)}}},
	})
	typ, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	validatorOf(t, raw)
	for name, c := range map[string]struct {
		id     any
		kind   Kind
		fields string
		what   Kind
	}{
		"one":           {[]any{int64(20)}, Object, "code what", Text},
		"scalar":        {int64(19), Object, "title what", Int},
		"both":          {[]any{int64(20), int64(19)}, Object, "code title what", Any},
		"one-unknown":   {[]any{int64(20), int64(7)}, Map, "code what", Text},
		"none-known":    {[]any{int64(7)}, Map, "", Any},
		"not-given":     {nil, Map, "", Any},
		"not-a-scalar":  {[]any{map[string]any{}, []any{}}, Map, "", Any},
		"mixed-objects": {[]any{int64(20), map[string]any{}}, Map, "code what", Text},
	} {
		t.Run(name, func(t *testing.T) {
			args := map[string]any{}
			if c.id != nil {
				args["id"] = c.id
			}
			events, _ := typ.Resolve(args).Field("events")
			data, _ := events.Type.Elem.Field("data")
			if data.Type.Kind != c.kind || strings.Join(data.Type.FieldNames(), " ") != c.fields {
				t.Errorf("%s of %v; want %s of %s", data.Type.Kind, data.Type.FieldNames(), c.kind, c.fields)
			}
			if f, ok := data.Type.Field("what"); ok && f.Type.Kind != c.what {
				t.Errorf("what is %s, want %s", f.Type.Kind, c.what)
			}
			if _, err := data.Type.Canonical([]byte(`{"code":"0x8024001E"}`)); (err == nil) != (c.kind == Map || strings.Contains(c.fields, "code")) {
				t.Errorf("a document of event 20: %v", err)
			}
		})
	}
}

// folder holds itself, which a schema without references cannot say.
type folder struct{ Below []folder }

func TestReflectedTags(t *testing.T) {
	got := string(Reflect[struct {
		Code string `json:"code" jsonschema:"pattern=^[a-f]{2\\,4}$,default=%SystemDrive%\\" jsonschema_description:"a, b"`
		Plain
		hidden int
		Out    int `json:"-"`
	}]())
	want := `{"properties":{"code":{"type":"string","pattern":"^[a-f]{2,4}$","description":"a, b","default":"%SystemDrive%\\"},` +
		`"Count":{"type":"integer","x-grows":true}},"additionalProperties":false,"type":"object","required":["Count"]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Plain is embedded.
type Plain struct {
	Count uint8 `jsonschema_extras:"x-grows=true"`
}

// FuzzAgainstJSONSchema holds that what is taken as a schema is one by JSON Schema's own definition.
func FuzzAgainstJSONSchema(f *testing.F) {
	for _, s := range []string{
		string(Reflect[searchOutput]()),
		`{"type":"object","properties":{"a":{"type":"string","description":5}}}`,
		`{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a","a"]}`,
		`{"type":"object","properties":{"a":{"type":"array","items":null}}}`,
		`{"type":"object","properties":{"a":{"minimum":"x","type":"integer"}},"required":"a"}`,
		`{"type":"object","additionalProperties":null,"properties":{}}`,
		`{"type":["object","object"]}`, `{"type":"object","title":null}`, `{"type":"object","deprecated":1}`, `{"type":"object","$defs":[]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := Parse(raw); err != nil {
			return
		}
		if bytes.Contains(raw, []byte(`"$`)) || bytes.Contains(raw, []byte(`\\u00`)) {
			t.Skip("keywords of the core vocabulary, which lead elsewhere")
		}
		doc, err := validator.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		c := validator.NewCompiler()
		c.UseLoader(validator.SchemeURLLoader{})
		if err := c.AddResource("plugin:schema", doc); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Compile("plugin:schema"); err != nil {
			t.Error(err)
		}
	})
}
