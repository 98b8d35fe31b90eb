package schema

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk/hresult"
)

func TestScalar(t *testing.T) {
	zero, ten := 0.0, 10.0
	for name, c := range map[string]struct {
		typ  *Type
		in   any
		want any // nil: refused
	}{
		"int":                 {Of(Int), json.Number("9223372036854775807"), int64(math.MaxInt64)},
		"int-too-big":         {Of(Int), json.Number("9223372036854775808"), nil},
		"int-minus-zero":      {Of(Int), json.Number("-0"), int64(0)},
		"int-from-float":      {Of(Int), 3.0, int64(3)},
		"int-fraction":        {Of(Int), 3.5, nil},
		"int-text":            {Of(Int), "3", nil},
		"number":              {Of(Number), json.Number("1.5"), 1.5},
		"number-infinite":     {Of(Number), json.Number("1e999"), nil},
		"number-nan":          {Of(Number), math.NaN(), nil},
		"any-infinite":        {Of(Any), json.Number("1e999"), nil},
		"any-int":             {Of(Any), json.Number("12"), int64(12)},
		"time-to-utc":         {Of(Time), "2026-01-10T10:00:00+01:00", time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)},
		"time-no-zone":        {Of(Time), "2026-01-10T10:00:00", nil},
		"time-out-of-years":   {Of(Time), "9999-12-31T23:59:59-01:00", nil},
		"duration":            {Of(Duration), "1h30m", 90 * time.Minute},
		"duration-number":     {Of(Duration), json.Number("5"), nil},
		"size-text":           {Of(Size), "10GiB", int64(10 << 30)},
		"size-number":         {Of(Size), json.Number("7"), int64(7)},
		"hresult-text":        {Of(HResult), "8024001e", hresult.Code(0x8024001E)},
		"hresult-number":      {Of(HResult), json.Number("2149842974"), hresult.Code(0x8024001E)},
		"hresult-yaml-number": {Of(HResult), int64(-2145124322), hresult.Code(0x8024001E)},
		"hresult-8-digits":    {Of(HResult), int64(24117248), hresult.Code(0x01700000)},
		"hresult-fraction":    {Of(HResult), json.Number("1.5"), nil},
		"bool":                {Of(Bool), true, true},
		"bool-text":           {Of(Bool), "true", nil},
		"path":                {Of(Path), `C:\x`, `C:\x`},
		"bounds-inside":       {&Type{Kind: Int, Minimum: &zero, Maximum: &ten}, int64(10), int64(10)},
		"bounds-under":        {&Type{Kind: Int, Minimum: &zero}, int64(-1), nil},
		"bounds-over":         {&Type{Kind: Size, Maximum: &ten}, "11", nil},
		"enum":                {&Type{Kind: Text, Enum: []string{"a"}}, "b", nil},
		"pattern":             {&Type{Kind: Text, Pattern: "^a+$"}, "aa", "aa"},
		"pattern-differs":     {&Type{Kind: Text, Pattern: "^a+$"}, "ab", nil},
		"pattern-is-wrong":    {&Type{Kind: Text, Pattern: "("}, "ab", nil},
		"nothing":             {Of(Text), nil, nil},
		"list":                {Of(Text), []any{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.typ.Scalar(c.in)
			if c.want == nil {
				if err == nil {
					t.Fatalf("Scalar(%v) = %v, want an error", c.in, got)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("Scalar(%v) = %#v, %v; want %#v", c.in, got, err, c.want)
			}
		})
	}
}

func TestCanonicalErrorsPointToThePlace(t *testing.T) {
	typ, err := Parse(json.RawMessage(`{"type":"object","required":["a"],"properties":{"a":{"type":"array","items":{"type":"object","properties":{"n/m":{"type":"integer"}}}},"any":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ doc, says string }{
		"in-a-list":        {`{"a":[{},{"n/m":"x"}]}`, `/a/1/n~1m: expected int, got the text "x"`},
		"unknown":          {`{"a":[{"x~y":1}]}`, `/a/0/x~0y: unknown field "x~y"; known are n/m`},
		"missing":          {`{}`, `field "a" is missing`},
		"null-required":    {`{"a":[],"any":null,"b":1}`, `/b: unknown field`},
		"infinite-in-any":  {`{"a":[],"any":{"x":[1e999]}}`, `/any/x/0: the number 1e999 is too large`},
		"two-documents":    {`{"a":[]} {}`, `more than one JSON document`},
		"not-json":         {`{`, `not JSON`},
		"empty":            {``, `not JSON`},
		"deep":             {`{"any":` + strings.Repeat("[", 20000), `not JSON`},
		"long-text-is-cut": {`{"a":"` + strings.Repeat("é", 5000) + `"}`, `…`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := typ.Canonical([]byte(c.doc))
			if err == nil || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 400 {
				t.Errorf("error %.400v, want one holding %q", err, c.says)
			}
		})
	}
	v, err := typ.Canonical([]byte(`{"a":null}`))
	if err != nil || !reflect.DeepEqual(v, map[string]any{"a": []any{}}) {
		t.Errorf("a list that Go writes as null: %v, %v", v, err)
	}
}

func TestParseRefuses(t *testing.T) {
	in := func(s string) string { return `{"type":"object","properties":{"a":` + s + `}}` }
	for name, c := range map[string]struct{ schema, says string }{
		"not-json":             {`{`, "not JSON"},
		"two-documents":        {`{"type":"object"}{}`, "more than one"},
		"not-an-object":        {`{"type":"string"}`, "expected an object"},
		"ref":                  {in(`{"$ref":"#"}`), `.a: "$ref"`},
		"one-of":               {in(`{"oneOf":[]}`), `.a: "oneOf"`},
		"constraint":           {in(`{"type":"string","minLength":1}`), `"minLength" is not supported`},
		"two-types":            {in(`{"type":["string","integer"]}`), "expected one name"},
		"no-type-in-list":      {in(`{"type":["null"]}`), "expected one name"},
		"odd-type":             {in(`{"type":7}`), "expected one name"},
		"unknown-type":         {in(`{"type":"decimal"}`), `"decimal" is not supported`},
		"null-type":            {in(`{"type":"null"}`), `"null" is not supported`},
		"bad-pattern":          {in(`{"type":"string","pattern":"(?=a)"}`), ".a: the pattern"},
		"enum-of-numbers":      {in(`{"type":"integer","enum":[1]}`), "enum is a list of texts"},
		"enum-with-a-number":   {in(`{"type":"string","enum":["a",1]}`), "the number 1"},
		"empty-enum":           {in(`{"type":"string","enum":[]}`), "enum is a list of texts"},
		"minimum-of-text":      {in(`{"type":"string","minimum":1}`), "minimum is a number"},
		"minimum-as-text":      {in(`{"type":"integer","minimum":"1"}`), "minimum is a number"},
		"wrong-default":        {in(`{"type":"integer","default":"x"}`), "the default value"},
		"default-outside":      {in(`{"type":"string","enum":["a"],"default":"b"}`), "none of a"},
		"false":                {in(`false`), "expected a schema object"},
		"list-of-items":        {in(`{"type":"array","items":[{}]}`), ".a[]: expected a schema object"},
		"properties-as-list":   {`{"type":"object","properties":[]}`, "properties is a list"},
		"required-is-unknown":  {`{"type":"object","required":["b"],"properties":{"a":{}}}`, `"b" is not among`},
		"variant-without-when": {`{"type":"object","x-variants":[{"properties":{}}]}`, "variant 1: its when is missing"},
		"variant-when-a-list":  {`{"type":"object","x-variants":[{"when":{"id":[1]},"properties":{}}]}`, "id is a list"},
		"variant-when-float":   {`{"type":"object","x-variants":[{"when":{"id":1.5}}]}`, "the number 1.5"},
		"variant-as-text":      {`{"type":"object","x-variants":["a"]}`, "expected an object"},
		"too-deep":             {strings.Repeat(`{"type":"object","additionalProperties":`, 40) + `{}` + strings.Repeat("}", 40), "nests deeper than 32"},
	} {
		t.Run(name, func(t *testing.T) {
			typ, err := Parse(json.RawMessage(c.schema))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Parse = %v, %v; want an error holding %q", typ, err, c.says)
			}
		})
	}
}

func TestParseOfOtherLanguages(t *testing.T) {
	for name, c := range map[string]struct {
		schema, doc string
		kind        Kind
	}{
		"nullable":          {`{"type":["string","null"]}`, `{"a":null}`, Text},
		"nullable-reversed": {`{"type":["null","integer"]}`, `{"a":1}`, Int},
		"free-object":       {`{"type":"object"}`, `{"a":{"x":1}}`, Map},
		"open-object":       {`{"type":"object","properties":{"x":{"type":"integer"}},"additionalProperties":true}`, `{"a":{"x":1,"y":2}}`, Object},
		"no-items":          {`{"type":"array"}`, `{"a":[1,"x"]}`, List},
		"true":              {`true`, `{"a":[1,"x"]}`, Any},
		"other-format":      {`{"type":"string","format":"uuid","title":"t"}`, `{"a":"x"}`, Text},
	} {
		t.Run(name, func(t *testing.T) {
			raw := json.RawMessage(`{"type":"object","properties":{"a":` + c.schema + `}}`)
			typ, err := Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if f, _ := typ.Field("a"); f.Type.Kind != c.kind {
				t.Errorf("kind %s, want %s", f.Type.Kind, c.kind)
			}
			if _, err := typ.Canonical([]byte(c.doc)); err != nil {
				t.Error(err)
			}
			if err := validates(t, validatorOf(t, raw), c.doc); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMarshal(t *testing.T) {
	got, err := Marshal(map[string]any{"z": 90 * time.Minute, "a": []any{hresult.Code(0x8024001E), int64(1), 1.5},
		"t": time.Date(2026, 1, 10, 10, 0, 0, 0, time.FixedZone("", 3600)), "h": "<&>"})
	want := `{"a":["0x8024001E",1,1.5],"h":"<&>","t":"2026-01-10T09:00:00Z","z":"1h30m"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestKindNames(t *testing.T) {
	for k := Any; k <= Map; k++ {
		got, ok := KindOf(k.String())
		if single := k > Any && k < List; ok != single || ok && got != k {
			t.Errorf("KindOf(%q) = %v, %v", k, got, ok)
		}
	}
	if _, ok := KindOf("no"); ok || Kind(-1).String() != "any" || Kind(99).String() != "any" {
		t.Error("unknown kinds are named")
	}
	if s := ListOf(ListOf(Of(Text))).String(); s != "list of lists of text" {
		t.Error(s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(Reflect[searchInput]()), []byte(`{"files":["x"],"since":"2d"}`))
	f.Add([]byte(Reflect[searchOutput]()), []byte(`{"patterns":{"*":{"count":0,"lines":[]}},"total":0}`))
	f.Add([]byte(`{"type":"object","x-variants":[{"when":{"id":1},"properties":{"a":{"type":"integer"}}}]}`), []byte(`{"a":1}`))
	f.Add([]byte(`{"type":"object","additionalProperties":{"type":"string","format":"date-time"}}`), []byte(`{"a":"2026-01-10T09:00:00.5Z"}`))
	f.Fuzz(func(t *testing.T, rawSchema, doc []byte) {
		typ, err := Parse(rawSchema)
		if err != nil {
			return
		}
		args := map[string]any{"id": int64(1), "patterns": map[string]any{"a": "x"}}
		if _, err := typ.Healthy(doc, args); err != nil && err.Error() == "" {
			t.Error("an empty error")
		}
		v, err := typ.Canonical(doc)
		if err != nil {
			return
		}
		object := typ.WithDefaults(v.(map[string]any))
		b, err := Marshal(object)
		if err != nil {
			t.Fatalf("%v cannot be written: %v", object, err)
		}
		again, err := typ.Canonical(b)
		if err != nil {
			t.Fatalf("%s cannot be read again: %v", b, err)
		}
		if b2, err := Marshal(again); err != nil || string(b2) != string(b) {
			t.Fatalf("%s becomes %s, %v", b, b2, err)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	typ := parsed[searchOutput](b)
	doc := []byte(`{"patterns":{"a":{"count":1,"lines":[` + strings.Repeat(`{"text":"x","code":"0x8024001E"},`, 200) + `{"text":"x"}]}},"total":1}`)
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := typ.Canonical(doc); err != nil {
			b.Fatal(err)
		}
	}
}
