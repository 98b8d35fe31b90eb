package eventlog

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
)

const header = `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>`

// system is the part of an event that all have, of a provider, with an identifier.
func system(provider, id string) string {
	return header + `<Provider Name='` + provider + `' Guid='{555908d1-a6d7-4695-8e1e-26931d2012f4}' EventSourceName='` + provider + `'/><EventID Qualifiers='16384'>` + id +
		`</EventID><Version>0</Version><Level>4</Level><Task>0</Task><Opcode>0</Opcode><Keywords>0x8080000000000000</Keywords>` +
		`<TimeCreated SystemTime='2024-01-10T02:00:41.1234567Z'/><EventRecordID>4711</EventRecordID><Correlation ActivityID='{9482f4b4-e343-43b6-b170-9a65bc822c77}'/>` +
		`<Execution ProcessID='724' ThreadID='4680'/><Channel>System</Channel><Computer>DESKTOP-1</Computer><Security UserID='S-1-5-18'/></System>`
}

func TestRecordsAreReadFromXML(t *testing.T) {
	base := evtx.Record{
		RecordID: 4711, Time: time.Date(2024, 1, 10, 2, 0, 41, 123456700, time.UTC), ID: 7036, Qualifiers: 16384, Level: 4, Keywords: 0x8080000000000000,
		Provider: "Service Control Manager", ProviderGUID: "{555908d1-a6d7-4695-8e1e-26931d2012f4}", Channel: "System", Computer: "DESKTOP-1",
		UserSID: "S-1-5-18", ProcessID: 724, ThreadID: 4680, ActivityID: "{9482f4b4-e343-43b6-b170-9a65bc822c77}",
	}
	with := func(change func(*evtx.Record)) evtx.Record {
		r := base
		change(&r)
		return r
	}
	scm := system("Service Control Manager", "7036")
	data := func(fields ...evtx.Field) func(*evtx.Record) { return func(r *evtx.Record) { r.Data = fields } }
	tests := map[string]struct {
		xml  string
		want evtx.Record
	}{
		"service-state": {scm + `<EventData><Data Name='param1'>Windows Update</Data><Data Name='param2'>stopped</Data><Binary>770075000000</Binary></EventData></Event>`,
			with(func(r *evtx.Record) {
				r.Data = []evtx.Field{{Name: "param1", Value: "Windows Update"}, {Name: "param2", Value: "stopped"}}
				r.Binary = []byte("w\x00u\x00\x00\x00")
			})},
		"without-payload":    {scm + `</Event>`, base},
		"empty-payload":      {scm + `<EventData/></Event>`, base},
		"double-quotes":      {strings.ReplaceAll(scm, "'", `"`) + `</Event>`, base},
		"over-several-lines": {"<?xml version='1.0'?>\r\n" + strings.ReplaceAll(scm, "><", ">\r\n  <") + "\r\n</Event>\r\n", base},
		"nine-digits":        {strings.Replace(scm, "1234567Z", "123456700Z", 1) + `<EventData><Data>2024-01-10T02:00:41.123456700Z</Data></EventData></Event>`, with(data(evtx.Field{Value: "2024-01-10T02:00:41.1234567Z"}))},
		"values-without-name": {scm + `<EventData><Data>11:00:02</Data><Data>` + "\u200e10.\u200e01.\u200e2024" + `</Data><Data></Data><Data/></EventData></Event>`,
			with(data(evtx.Field{Value: "11:00:02"}, evtx.Field{Value: "\u200e10.\u200e01.\u200e2024"}, evtx.Field{}, evtx.Field{}))},
		"escaped-text":        {scm + `<EventData><Data Name='a&amp;b'>&lt;x&gt; &quot;y&apos; &#10;&#x41;&unknown; &amp</Data></EventData></Event>`, with(data(evtx.Field{Name: "a&b", Value: "<x> \"y' \nA&unknown; &amp"}))},
		"control-characters":  {scm + "<EventData><Data Name='x'>a\x01b&#0;\x00c</Data></EventData></Event>", with(data(evtx.Field{Name: "x", Value: "a\x01bc"}))},
		"character-data":      {scm + `<EventData><Data Name='x'>a<![CDATA[<b>&amp;]]>c<!-- d --></Data></EventData></Event>`, with(data(evtx.Field{Name: "x", Value: "a<b>&amp;c"}))},
		"binary-that-is-none": {scm + `<EventData><Binary>not hexadecimal</Binary></EventData></Event>`, with(data(evtx.Field{Name: "Binary", Value: "not hexadecimal"}))},
		"user-data": {scm + `<UserData><CbsPackageChangeState xmlns='http://manifests.microsoft.com/win/2004/08/windows/setup_provider'><PackageIdentifier>KB5034441</PackageIdentifier>` +
			`<Nested><Binary>00FF</Binary></Nested></CbsPackageChangeState></UserData></Event>`,
			with(func(r *evtx.Record) {
				r.UserData = true
				r.Data = []evtx.Field{{Name: "PackageIdentifier", Value: "KB5034441"}, {Name: "Binary", Value: "00FF"}}
			})},
		"forwarded": {scm + `<EventData><Data>1</Data></EventData><RenderingInfo Culture='en-US'><Message>Words</Message><Keywords><Keyword>Classic</Keyword></Keywords></RenderingInfo></Event>`,
			with(data(evtx.Field{Value: "1"}))},
		"could-not-be-filled-in": {scm + `<ProcessingErrorData><ErrorCode>15003</ErrorCode><DataItemName></DataItemName><EventPayload>00</EventPayload></ProcessingErrorData></Event>`,
			with(data(evtx.Field{Name: "ErrorCode", Value: "15003"}, evtx.Field{Name: "DataItemName"}, evtx.Field{Name: "EventPayload", Value: "00"}))},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := newReader().record(test.xml)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, test.want) {
				t.Errorf("got\n%+v, want\n%+v", *got, test.want)
			}
		})
	}
}

func TestWhatIsNoEvent(t *testing.T) {
	whole := system("a", "1") + `</Event>`
	tests := map[string]struct{ xml, message string }{
		"empty":                   {"", "no identifier"},
		"text":                    {"no event", "no identifier"},
		"without-provider":        {strings.Replace(whole, "Name='a'", "", 1), "no identifier or no provider"},
		"identifier-is-no-number": {strings.ReplaceAll(whole, ">1<", ">one<"), "no identifier"},
		"not-closed":              {header, "is not closed"},
		"closed-and-not-open":     {"<a></b>", "is closed and not open"},
		"cut-in-a-tag":            {"<a", "within a tag"},
		"cut-in-a-comment":        {"<!-- a", "within a tag"},
		"cut-in-an-attribute":     {"<a b='c", "within a tag"},
		"no-quotes":               {"<a b=c>", "is not in quotes"},
		"no-value":                {"<a b>", "is no attribute"},
		"no-name":                 {"< a>", "has no name"},
		"too-deep":                {strings.Repeat("<a>", 65), "more than 64 deep"},
		"too-long":                {strings.Repeat(" ", maxXML+1), "at most"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if r, err := newReader().record(test.xml); err == nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("got %+v, %v; want an error with %q", r, err, test.message)
			}
		})
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(system("Service Control Manager", "7036") + `<EventData><Data Name='param1'>x</Data><Binary>00</Binary></EventData></Event>`)
	f.Add(system("a", "1") + `<UserData><a><b c="d">&#10;&amp;</b><![CDATA[x]]></a></UserData></Event>`)
	f.Add("<a b='&#x10FFFFF;'/>")
	f.Fuzz(func(t *testing.T, xml string) {
		r, err := newReader().record(xml)
		if (r == nil) == (err == nil) {
			t.Fatalf("got %+v, %v", r, err)
		}
		if err != nil {
			return
		}
		size := 0
		for _, d := range r.Data {
			size += len(d.Name) + len(d.Value)
		}
		if size > 4*len(xml) { // every text is in one value, a name in as many as there are elements of it
			t.Errorf("%d bytes of XML give %d bytes of values", len(xml), size)
		}
	})
}

func TestExpressions(t *testing.T) {
	at := time.Date(2024, 1, 10, 2, 0, 41, 123456700, time.UTC)
	many := make([]uint32, 40)
	for i := range many {
		many[i] = uint32(i)
	}
	tests := map[string]struct {
		filter     evtx.Filter
		after      uint64
		want       string
		impossible bool
	}{
		"all":              {want: "*"},
		"identifiers":      {filter: evtx.Filter{IDs: []uint32{7040, 7036, 7040}}, want: "*[System[(EventID=7036 or EventID=7040)]]"},
		"too-many":         {filter: evtx.Filter{IDs: many}, want: "*"},
		"none-that-can-be": {filter: evtx.Filter{IDs: []uint32{65536}}, impossible: true},
		"one-that-can-be":  {filter: evtx.Filter{IDs: []uint32{65536, 1}}, want: "*[System[(EventID=1)]]"},
		"providers":        {filter: evtx.Filter{Providers: []string{"it's \"quoted\"]"}}, want: "*"},
		"from":             {filter: evtx.Filter{From: at}, want: "*[System[TimeCreated[@SystemTime>='2024-01-10T02:00:41.123Z']]]"},
		"to":               {filter: evtx.Filter{To: at}, want: "*[System[TimeCreated[@SystemTime<='2024-01-10T02:00:41.124Z']]]"},
		"elsewhere":        {filter: evtx.Filter{From: at.In(time.FixedZone("", 3600)), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, want: "*[System[TimeCreated[@SystemTime>='2024-01-10T02:00:41.123Z']]]"},
		"everything": {filter: evtx.Filter{IDs: []uint32{1}, From: at, To: at}, after: 99,
			want: "*[System[(EventID=1) and TimeCreated[@SystemTime>='2024-01-10T02:00:41.123Z' and @SystemTime<='2024-01-10T02:00:41.124Z'] and (EventRecordID>99)]]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got, possible := expression(test.filter, test.after); got != test.want || possible == test.impossible {
				t.Errorf("got  %s (%v)\nwant %s", got, possible, test.want)
			}
		})
	}
}
