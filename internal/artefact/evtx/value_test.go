package evtx

import (
	"reflect"
	"testing"
	"time"
)

func TestValueText(t *testing.T) {
	tests := map[string]struct {
		typ  byte
		data string
		want string
	}{
		"null":                {typeNull, "", ""},
		"string":              {typeString, "a\x00\xe4\x00", "aä"},
		"string-terminated":   {typeString, "a\x00\x00\x00\x00\x00", "a"},
		"string-odd":          {typeString, "a\x00b", "a"},
		"ansi":                {typeANSI, "a\xe4\x00", "aä"},
		"int8":                {typeInt8, "\xff", "-1"},
		"uint8":               {typeUint8, "\xff", "255"},
		"int16":               {typeInt16, "\xfe\xff", "-2"},
		"uint16":              {typeUint16, "\x01\x02", "513"},
		"int32":               {typeInt32, "\xe4\xfd\xff\xff", "-540"},
		"uint32":              {typeUint32, "\x01\x00\x07\x80", "2147942401"},
		"int64":               {typeInt64, "\xff\xff\xff\xff\xff\xff\xff\xff", "-1"},
		"uint64":              {typeUint64, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"},
		"uint32-longer":       {typeUint32, "\x01\x00\x00\x00\x09", "1"},
		"uint32-too-short":    {typeUint32, "\x01\xab", "01AB"},
		"real32":              {typeReal32, "\x00\x00\x80\x3e", "0.25"},
		"real64":              {typeReal64, "\x00\x00\x00\x00\x00\x00\xe0\xbf", "-0.5"},
		"bool-true":           {typeBool, "\x00\x00\x01\x00", "true"},
		"bool-false":          {typeBool, "\x00\x00\x00\x00", "false"},
		"bool-of-one-byte":    {typeBool, "\x01", "true"},
		"binary":              {typeBinary, "\xde\xad\x00", "DEAD00"},
		"guid":                {typeGUID, "\xb4\xf4\x82\x94\x43\xe3\xb6\x43\xb1\x70\x9a\x65\xbc\x82\x2c\x77", "{9482f4b4-e343-43b6-b170-9a65bc822c77}"},
		"guid-too-short":      {typeGUID, "\xb4\xf4", "B4F4"},
		"pointer-of-32-bits":  {typeSizeT, "\x10\x00\x00\x00", "0x10"},
		"pointer-of-64-bits":  {typeSizeT, "\x10\x00\x00\x00\x01\x00\x00\x00", "0x100000010"},
		"hex32":               {typeHex32, "\x1e\x00\x24\x80", "0x8024001e"},
		"hex32-zero":          {typeHex32, "\x00\x00\x00\x00", "0x0"},
		"hex64":               {typeHex64, "\xe7\x03\x00\x00\x00\x00\x00\x00", "0x3e7"},
		"filetime-zero":       {typeFileTime, "\x00\x00\x00\x00\x00\x00\x00\x00", "1601-01-01T00:00:00.0000000Z"},
		"filetime":            {typeFileTime, "\x00\x80\x3e\xd5\xde\xb1\x9d\x01", "1970-01-01T00:00:00.0000000Z"},
		"filetime-100ns":      {typeFileTime, "\x01\x80\x3e\xd5\xde\xb1\x9d\x01", "1970-01-01T00:00:00.0000001Z"},
		"systemtime":          {typeSystemTime, "\xe8\x07\x03\x00\x05\x00\x01\x00\x08\x00\x1e\x00\x05\x00\x7b\x00", "2024-03-01T08:30:05.123Z"},
		"sid":                 {typeSID, "\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00", "S-1-5-18"},
		"sid-large-authority": {typeSID, "\x01\x00\x01\x00\x00\x00\x00\x00", "S-1-1099511627776"},
		"sid-too-short":       {typeSID, "\x01\x02\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00", "010200000000000512000000"},
		"unknown-type":        {0x7e, "\x01\x02", "0102"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := scanner{data: []byte(tt.data)}
			if got := string(s.appendValue(nil, value{n: uint32(len(tt.data)), typ: tt.typ})); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestArrayItems(t *testing.T) {
	tests := map[string]struct {
		typ  byte
		data string
		want []string
	}{
		"strings":              {typeString, "a\x00\x00\x00\x00\x00b\x00c\x00\x00\x00", []string{"a", "", "bc"}},
		"strings-unterminated": {typeString, "a\x00\x00\x00b\x00", []string{"a", "b"}},
		"strings-odd":          {typeString, "a\x00\x00\x00b", []string{"a", ""}},
		"ansi":                 {typeANSI, "a\x00bc\x00", []string{"a", "bc"}},
		"uint16":               {typeUint16, "\x01\x00\x02\x00\x03", []string{"1", "2", "03"}},
		"sids": {typeSID, "\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x05\x13\x00\x00\x00",
			[]string{"S-1-5-18", "S-1-5-19"}},
		"unknown-type": {0x7e, "\x01\x02", []string{"0102"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := scanner{data: []byte(tt.data)}
			var got []string
			for rest := (value{n: uint32(len(tt.data)), typ: tt.typ | typeArray}); rest.n > 0; {
				var item value
				item, rest = s.item(rest)
				got = append(got, string(s.appendValue(nil, item)))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// named opens an element with a Name attribute.
func (f *fragment) named(element, name string) {
	f.raw(tokenOpen | tokenMore)
	f.u16(0xffff)
	f.u32(0)
	f.name(element)
	f.u32(0)
	f.raw(tokenAttribute)
	f.name("Name")
	f.text(name)
	f.raw(tokenCloseStart)
}

func (f *fragment) leaf(element, text string) {
	f.open(element)
	f.text(text)
	f.end()
}

func TestPayloadShapes(t *testing.T) {
	tests := map[string]struct {
		build    func(f *fragment)
		want     []Field
		userData bool
		binary   string
	}{
		"nested-user-data": {func(f *fragment) {
			f.open("UserData")
			f.open("Root")
			f.leaf("A", "1")
			f.open("Group")
			f.leaf("B", "2")
			f.leaf("C", "")
			f.end()
			f.end()
			f.end()
		}, []Field{{"A", "1"}, {"B", "2"}, {"C", ""}}, true, ""},
		"complex-data": {func(f *fragment) {
			f.open("EventData")
			f.named("ComplexData", "state")
			f.text("0102")
			f.end()
			f.named("Data", "x")
			f.text("1")
			f.end()
			f.end()
		}, []Field{{"state", "0102"}, {"x", "1"}}, false, ""},
		"binary-element": {func(f *fragment) {
			f.open("EventData")
			f.leaf("Data", "a")
			f.leaf("Binary", "770075")
			f.end()
		}, []Field{{"", "a"}}, false, "w\x00u"},
		"binary-element-that-is-no-hexadecimal": {func(f *fragment) {
			f.open("EventData")
			f.leaf("Binary", "zz")
			f.end()
		}, []Field{{"Binary", "zz"}}, false, ""},
		"references-and-cdata": {func(f *fragment) {
			f.open("EventData")
			f.open("Data")
			f.text("a")
			f.raw(tokenEntityRef)
			f.name("amp")
			f.raw(tokenCharRef)
			f.u16('b')
			f.raw(tokenCDATA)
			f.u16(1)
			f.u16('c')
			f.raw(tokenPITarget)
			f.name("target")
			f.raw(tokenPIData)
			f.u16(1)
			f.u16('d')
			f.end()
			f.end()
		}, []Field{{"", "a&bc"}}, false, ""},
		"rendering-info-of-a-forwarded-event": {func(f *fragment) {
			f.open("EventData")
			f.leaf("Data", "a")
			f.end()
			f.open("RenderingInfo")
			f.leaf("Message", "the service entered the stopped state")
			f.end()
		}, []Field{{"", "a"}}, false, ""},
		"processing-error": {func(f *fragment) {
			f.open("ProcessingErrorData")
			f.leaf("ErrorCode", "15003")
			f.leaf("DataItemName", "")
			f.end()
		}, []Field{{"ErrorCode", "15003"}, {"DataItemName", ""}}, false, ""},
		"text-in-the-container": {func(f *fragment) { f.leaf("DebugData", "text") }, []Field{{"DebugData", "text"}}, false, ""},
		"no-payload":            {func(f *fragment) { f.open("EventData"); f.end() }, nil, false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var f fragment
			end := f.template()
			f.system()
			tt.build(&f)
			f.end()
			end()
			f.values(typeString)
			got, cov := scan(t, logOf(f.b), Filter{})
			if len(got) != 1 {
				t.Fatalf("coverage %+v", cov)
			}
			r := got[0]
			if !reflect.DeepEqual(r.Data, tt.want) || r.UserData != tt.userData || string(r.Binary) != tt.binary {
				t.Errorf("data %q, user data %v, binary %q", r.Data, r.UserData, r.Binary)
			}
		})
	}
}

func TestSystemFallsBackToTheRecordHeader(t *testing.T) {
	var f fragment
	end := f.template()
	f.system()
	f.end()
	end()
	f.values(typeString)
	b := logOf(f.b)
	copy(b[fileHeaderSize+chunkHeaderSize+8:], "\x2a\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3e\xd5\xde\xb1\x9d\x01")
	got, cov := scan(t, b, Filter{})
	if len(got) != 1 || got[0].RecordID != 42 || !got[0].Time.Equal(time.Unix(0, 0)) {
		t.Errorf("records %+v", got)
	}
	// A clock of 1970 says nothing about what the log covers.
	if cov.Records != 1 || !cov.Oldest.IsZero() || !cov.Newest.IsZero() {
		t.Errorf("coverage %+v", cov)
	}
}
