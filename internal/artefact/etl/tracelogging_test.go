package etl

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
)

// metadata makes the metadata of an event named E without tags.
func metadata(fields ...string) []byte {
	b := []byte("\x00\x00\x00E\x00" + strings.Join(fields, ""))
	binary.LittleEndian.PutUint16(b, uint16(len(b)))
	return b
}

func utf16le(s string) string {
	var b []byte
	for _, c := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return string(b)
}

func TestDecode(t *testing.T) {
	guid := "\x5c\xa5\xed\x9b\x9d\x09\x32\xb2\xfa\xdb\x74\x55\x84\x72\x53\xff"
	number := func(v uint64, n int) string {
		return string(binary.LittleEndian.AppendUint64(nil, v)[:n])
	}
	for name, c := range map[string]struct {
		fields  []string
		payload string
		pointer int
		want    []Field
		problem string // part of the error
	}{
		"no-fields":           {},
		"utf16":               {fields: []string{"a\x00\x01"}, payload: utf16le("héllo\x00"), want: []Field{{"a", "héllo"}}},
		"utf16-surrogates":    {fields: []string{"a\x00\x01"}, payload: "\x3d\xd8\x00\xde\x3d\xd8A\x00", want: []Field{{"a", "\U0001F600\ufffdA"}}},
		"utf16-unterminated":  {fields: []string{"a\x00\x01"}, payload: utf16le("end"), want: []Field{{"a", "end"}}},
		"utf16-absent":        {fields: []string{"a\x00\x01"}, problem: `field "a"`},
		"ansi":                {fields: []string{"a\x00\x02"}, payload: "abc\x00", want: []Field{{"a", "abc"}}},
		"ansi-not-utf8":       {fields: []string{"a\x00\x02"}, payload: "gr\xfcn\x00", want: []Field{{"a", "grün"}}},
		"int8":                {fields: []string{"a\x00\x03"}, payload: "\xff", want: []Field{{"a", "-1"}}},
		"uint8":               {fields: []string{"a\x00\x04"}, payload: "\xff", want: []Field{{"a", "255"}}},
		"uint8-boolean":       {fields: []string{"a\x00\x84\x03"}, payload: "\x01", want: []Field{{"a", "true"}}},
		"int16":               {fields: []string{"a\x00\x05"}, payload: "\xfe\xff", want: []Field{{"a", "-2"}}},
		"uint16-port":         {fields: []string{"a\x00\x86\x07"}, payload: "\x01\xbb", want: []Field{{"a", "443"}}},
		"int32":               {fields: []string{"a\x00\x07"}, payload: number(5, 4), want: []Field{{"a", "5"}}},
		"int32-error-shaped":  {fields: []string{"a\x00\x07"}, payload: number(0x8024001e, 4), want: []Field{{"a", "-2145124322 (0x8024001E)"}}},
		"hresult":             {fields: []string{"hr\x00\x87\x0f"}, payload: number(0x8024001e, 4), want: []Field{{"hr", "-2145124322 (0x8024001E)"}}},
		"hresult-ok":          {fields: []string{"hr\x00\x87\x0f"}, payload: number(0, 4), want: []Field{{"hr", "0 (0x00000000)"}}},
		"ntstatus":            {fields: []string{"s\x00\x88\x0e"}, payload: number(0xc0000005, 4), want: []Field{{"s", "3221225477 (0xC0000005)"}}},
		"win32-error":         {fields: []string{"e\x00\x88\x0d"}, payload: number(5, 4), want: []Field{{"e", "5 (0x00000005)"}}},
		"uint32-hex":          {fields: []string{"a\x00\x88\x04"}, payload: number(0xabc, 4), want: []Field{{"a", "0xABC"}}},
		"uint32-ipv4":         {fields: []string{"a\x00\x88\x08"}, payload: "\x0a\x01\x02\x03", want: []Field{{"a", "10.1.2.3"}}},
		"int64":               {fields: []string{"a\x00\x09"}, payload: number(math.MaxUint64, 8), want: []Field{{"a", "-1"}}},
		"uint64":              {fields: []string{"a\x00\x0a"}, payload: number(math.MaxUint64, 8), want: []Field{{"a", "18446744073709551615"}}},
		"float":               {fields: []string{"a\x00\x0b"}, payload: number(uint64(math.Float32bits(1.5)), 4), want: []Field{{"a", "1.5"}}},
		"double":              {fields: []string{"a\x00\x0c"}, payload: number(math.Float64bits(-0.25), 8), want: []Field{{"a", "-0.25"}}},
		"bool32":              {fields: []string{"a\x00\x0d", "b\x00\x0d"}, payload: number(1, 8), want: []Field{{"a", "true"}, {"b", "false"}}},
		"binary":              {fields: []string{"a\x00\x0e"}, payload: "\x03\x00\x01\x02\xff", want: []Field{{"a", "0102ff"}}},
		"binary-ipv6":         {fields: []string{"a\x00\x8e\x09"}, payload: "\x10\x00" + strings.Repeat("\x00", 15) + "\x01", want: []Field{{"a", "::1"}}},
		"binary-socket":       {fields: []string{"a\x00\x8e\x0a"}, payload: "\x08\x00\x02\x00\x01\xbb\x0a\x01\x02\x03", want: []Field{{"a", "10.1.2.3:443"}}},
		"counted-binary":      {fields: []string{"a\x00\x19"}, payload: "\x01\x00\x7f", want: []Field{{"a", "7f"}}},
		"guid":                {fields: []string{"a\x00\x0f"}, payload: guid, want: []Field{{"a", "{9beda55c-099d-b232-fadb-7455847253ff}"}}},
		"pointer-64":          {fields: []string{"a\x00\x10"}, payload: number(0x1000, 8), want: []Field{{"a", "0x1000"}}},
		"pointer-32":          {fields: []string{"a\x00\x10", "b\x00\x04"}, payload: number(0x1000, 4) + "\x07", pointer: 4, want: []Field{{"a", "0x1000"}, {"b", "7"}}},
		"filetime":            {fields: []string{"a\x00\x11"}, payload: number(132000000001234567, 8), want: []Field{{"a", "2019-04-17T18:40:00.1234567Z"}}},
		"filetime-impossible": {fields: []string{"a\x00\x11"}, payload: number(math.MaxUint64, 8), want: []Field{{"a", "18446744073709551615"}}},
		"systemtime": {fields: []string{"a\x00\x12"}, payload: "\xea\x07\x03\x00\x03\x00\x04\x00\x05\x00\x06\x00\x07\x00\x08\x00",
			want: []Field{{"a", "2026-03-04T05:06:07.008"}}},
		"sid":            {fields: []string{"a\x00\x13"}, payload: "\x01\x02\x00\x00\x00\x00\x00\x05" + number(32, 4) + number(544, 4), want: []Field{{"a", "S-1-5-32-544"}}},
		"sid-too-long":   {fields: []string{"a\x00\x13"}, payload: "\x01\xff\x00\x00\x00\x00\x00\x05", problem: "at most 15"},
		"hex32":          {fields: []string{"a\x00\x14"}, payload: number(0x8024001e, 4), want: []Field{{"a", "0x8024001E"}}},
		"hex64":          {fields: []string{"a\x00\x15"}, payload: number(0x1f, 8), want: []Field{{"a", "0x1F"}}},
		"counted-utf16":  {fields: []string{"a\x00\x16"}, payload: "\x04\x00" + utf16le("hi"), want: []Field{{"a", "hi"}}},
		"counted-ansi":   {fields: []string{"a\x00\x17"}, payload: "\x02\x00hi", want: []Field{{"a", "hi"}}},
		"counted-short":  {fields: []string{"a\x00\x17"}, payload: "\x03\x00hi", problem: "3 bytes expected, 2 are left"},
		"fixed-array":    {fields: []string{"a\x00\x24\x03\x00"}, payload: "\x01\x02\x03", want: []Field{{"a", "[1, 2, 3]"}}},
		"variable-array": {fields: []string{"a\x00\x44", "b\x00\x04"}, payload: "\x02\x00\x01\x02\x09", want: []Field{{"a", "[1, 2]"}, {"b", "9"}}},
		"array-of-text":  {fields: []string{"a\x00\x42"}, payload: "\x02\x00x\x00y\x00", want: []Field{{"a", "[x, y]"}}},
		"characters":     {fields: []string{"a\x00\xc6\x02"}, payload: "\x02\x00" + utf16le("hi"), want: []Field{{"a", "hi"}}},
		"structure":      {fields: []string{"s\x00\x98\x02", "a\x00\x04", "b\x00\x04", "c\x00\x04"}, payload: "\x01\x02\x03", want: []Field{{"s.a", "1"}, {"s.b", "2"}, {"c", "3"}}},
		"nested": {fields: []string{"s\x00\x98\x02", "a\x00\x04", "t\x00\x98\x01", "b\x00\x04", "c\x00\x04"}, payload: "\x01\x02\x03",
			want: []Field{{"s.a", "1"}, {"s.t.b", "2"}, {"c", "3"}}},
		"array-of-structures": {fields: []string{"s\x00\xd8\x01", "a\x00\x04", "c\x00\x04"}, payload: "\x02\x00\x01\x02\x03",
			want: []Field{{"s[0].a", "1"}, {"s[1].a", "2"}, {"c", "3"}}},
		"no-structures": {fields: []string{"s\x00\xd8\x02", "a\x00\x04", "t\x00\x98\x01", "b\x00\x04", "c\x00\x04"}, payload: "\x00\x00\x03",
			want: []Field{{"c", "3"}}},
		"field-tags":     {fields: []string{"a\x00\x84\x80\x81\x01", "b\x00\x04"}, payload: "\x01\x02", want: []Field{{"a", "1"}, {"b", "2"}}},
		"payload-short":  {fields: []string{"a\x00\x07", "b\x00\x07"}, payload: number(5, 6), want: []Field{{"a", "5"}}, problem: `field "b": 4 bytes expected, 2 are left`},
		"unknown-type":   {fields: []string{"a\x00\x1e"}, payload: "\x01", problem: "unknown type 30"},
		"custom":         {fields: []string{"a\x00\x64\x00\x00"}, problem: "a form of the provider's own"},
		"metadata-short": {fields: []string{"a\x00\x24\x03"}, problem: `the metadata of field "a" ends early`},
	} {
		t.Run(name, func(t *testing.T) {
			e := Event{}
			pointer := c.pointer
			if pointer == 0 {
				pointer = 8
			}
			err := e.decode(metadata(c.fields...), []byte(c.payload), pointer)
			if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
				t.Fatalf("error %v, want %q", err, c.problem)
			}
			if e.Name != "E" && c.problem == "" {
				t.Errorf("name %q", e.Name)
			}
			if len(e.Fields)+len(c.want) > 0 && !reflect.DeepEqual(e.Fields, c.want) {
				t.Errorf("fields %q, want %q", e.Fields, c.want)
			}
		})
	}
}

// Metadata that describes more than any payload can hold must end soon.
func TestDecodeBounds(t *testing.T) {
	deep := strings.Repeat("s\x00\x98\x7f", 200) + "a\x00\x04"
	for name, c := range map[string]struct{ fields, problem string }{
		"structures-of-structures": {"a\x00\xb8\x01\xff\xff" + "b\x00\xb8\x01\xff\xff" + "c\x00\x00", "more values than an event can hold"},
		"values-of-no-size":        {strings.Repeat("a\x00\x20\xff\xff", 8), "more values than an event can hold"},
		"long-names":               {"a\x00\xb8\x01\xff\xff" + strings.Repeat("n", 30000) + "\x00\x00", "more values than an event can hold"},
		"depth":                    {deep, "nested deeper than 32"},
	} {
		t.Run(name, func(t *testing.T) {
			e := Event{}
			if err := e.decode(metadata(c.fields), nil, 8); err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %v, want %q", err, c.problem)
			}
		})
	}
}

func TestClock(t *testing.T) {
	const start = 132264173104203138
	for name, c := range map[string]struct {
		clock clock
		stamp uint64
		want  uint64 // FILETIME; 0: none
	}{
		"counter":          {newClock(1, 10_000_000, 0, 1000, start), 2000, start + 1000},
		"counter-slow":     {newClock(1, 2_500_000, 0, 1000, start), 2000, start + 4000},
		"counter-earlier":  {newClock(1, 10_000_000, 0, 1000, start), 500, start - 500},
		"counter-long":     {newClock(1, 3_000_000_000, 0, 0, start), 3_000_000_000 * 86400 * 365, start + 86400*365*10_000_000},
		"counter-broken":   {newClock(1, 0, 0, 0, start), 1, 0},
		"counter-absurd":   {newClock(1, 1, 0, 0, start), math.MaxInt64, 0},
		"system-time":      {newClock(2, 10_000_000, 0, 77, start), start + 5, start + 5},
		"cycles":           {newClock(3, 10_000_000, 2400, 0, start), 2_400_000_000, start + 10_000_000},
		"cycles-broken":    {newClock(3, 10_000_000, 0, 0, start), 1, 0},
		"system-time-zero": {newClock(2, 0, 0, 0, start), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.clock.utc(c.stamp); !got.Equal(fileTime(c.want)) {
				t.Errorf("time %v, want %v", got, fileTime(c.want))
			}
		})
	}
}
