package evtx_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	reader "github.com/rectify-project/rectify/internal/artefact/evtx"
	"github.com/rectify-project/rectify/internal/forge/evtx"
)

var start = time.Date(2024, 3, 1, 8, 30, 0, 123456700, time.UTC)

// updateFailure is the event that Windows Update logs for a failed installation.
func updateFailure() evtx.Event {
	return evtx.Event{
		Provider: "Microsoft-Windows-WindowsUpdateClient", ProviderGUID: "{945a8954-c147-4acd-923f-40c45405a658}",
		ID: 20, Version: 1, Level: 2, Task: 1, Opcode: 13, Keywords: 0x8000000000000028,
		Time: start, ProcessID: 1234, ThreadID: 5678, Channel: "System", Computer: "PC-01.example", UserSID: "S-1-5-18",
		ActivityID: "{00112233-4455-6677-8899-aabbccddeeff}",
		EventData: []evtx.Field{
			{Name: "errorCode", Value: evtx.HexInt32(0x8024001e)},
			{Name: "updateTitle", Value: "Täglich 更新 <KB5034763> & mehr"},
			{Name: "updateGuid", Value: evtx.GUID("{9482f4b4-e343-43b6-b170-9a65bc822c77}")},
			{Name: "updateRevisionNumber", Value: uint32(200)},
			{Name: "serviceGuid", Value: evtx.GUID("{8b24b027-1dee-babb-9a95-3517dfb9c552}")},
		},
	}
}

func serviceState(name, state string) evtx.Event {
	return evtx.Event{
		Provider: "Service Control Manager", ProviderGUID: "{555908d1-a6d7-4695-8e1e-26931d2012f4}", EventSourceName: "Service Control Manager",
		ID: 7036, Qualifiers: 16384, Level: 4, Keywords: 0x8080000000000000, Time: start.Add(time.Second),
		ProcessID: 700, ThreadID: 900, Channel: "System", Computer: "PC-01.example",
		EventData: []evtx.Field{{Name: "param1", Value: name}, {Name: "param2", Value: state}},
		Binary:    []byte("w\x00u\x00/\x004\x00\x00\x00"),
	}
}

func packageState() evtx.Event {
	return evtx.Event{
		Provider: "Microsoft-Windows-Servicing", ProviderGUID: "{bd12f3b8-fc40-4a61-a307-b7a013a069c1}",
		ID: 2, Task: 1, Keywords: 1 << 63, Time: start.Add(2 * time.Second), RecordID: 40, Channel: "Setup", Computer: "PC-01.example", UserSID: "S-1-5-18",
		UserData: &evtx.UserData{Root: "CbsPackageChangeState", Namespace: "http://manifests.microsoft.com/win/2004/08/windows/setup_provider",
			Fields: []evtx.Field{
				{Name: "PackageIdentifier", Value: "KB5034763"}, {Name: "IntendedPackageState", Value: uint32(5112)},
				{Name: "ErrorCode", Value: evtx.HexInt32(0x800f0821)}, {Name: "Client", Value: "UpdateAgentLCU"},
			}},
	}
}

func allTypes() evtx.Event {
	return evtx.Event{
		Provider: "Types", ID: 1, Time: start.Add(3 * time.Second), Channel: "Application", Computer: "PC-01.example",
		EventData: []evtx.Field{
			{Name: "null", Value: nil}, {Name: "true", Value: true}, {Name: "false", Value: false},
			{Name: "int8", Value: int8(8)}, {Name: "uint8", Value: uint8(8)}, {Name: "int16", Value: int16(16)}, {Name: "uint16", Value: uint16(16)},
			{Name: "int32", Value: int32(32)}, {Name: "uint32", Value: uint32(4000000000)}, {Name: "int64", Value: int64(64)}, {Name: "uint64", Value: uint64(1) << 63},
			{Name: "hex64", Value: evtx.HexInt64(0x123456789a)},
			{Name: "sid", Value: evtx.SID("S-1-5-21-186559946-3925841745-111227986-500")},
			{Name: "time", Value: start}, {Name: "binary", Value: []byte{0xde, 0xad}}, {Name: "strings", Value: []string{"a", "", "c"}},
		},
	}
}

func classic() evtx.Event {
	return evtx.Event{
		Provider: "EventLog", ID: 6008, Qualifiers: 32768, Level: 2, Keywords: 0x80000000000000, Time: start.Add(4 * time.Second), Channel: "System", Computer: "PC-01.example",
		EventData: []evtx.Field{{Value: "8:29:01 AM"}, {Value: ""}, {Value: "last"}},
	}
}

func sample() []evtx.Event {
	return []evtx.Event{updateFailure(), serviceState("Windows Update", "running"), packageState(), allTypes(), classic(),
		{Provider: "Bare", ID: 9, Time: start}}
}

// beyondLibevtx has values that libevtx 20181227 shows wrongly: negative numbers, floats, surrogate pairs.
func beyondLibevtx() evtx.Event {
	return evtx.Event{
		Provider: "Types", ID: 2, Time: start,
		EventData: []evtx.Field{
			{Name: "int8", Value: int8(-8)}, {Name: "int16", Value: int16(-16)}, {Name: "int32", Value: int32(-32)}, {Name: "int64", Value: int64(-64)},
			{Name: "float32", Value: float32(0.25)}, {Name: "float64", Value: 0.5}, {Name: "emoji", Value: "😀"},
		},
	}
}

// many returns enough events for several chunks.
func many(n int) []evtx.Event {
	events := make([]evtx.Event, n)
	for i := range events {
		events[i] = []func() evtx.Event{updateFailure, func() evtx.Event { return serviceState("Windows Update", "stopped") }}[i%2]()
		events[i].Time = start.Add(time.Duration(i) * time.Minute)
		events[i].EventData[1].Value = fmt.Sprintf("title %d %s", i, strings.Repeat("x", i%97))
	}
	return events
}

func write(t *testing.T, events []evtx.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := evtx.Write(&b, events); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(t *testing.T, b []byte) ([]*reader.Record, reader.Coverage) {
	t.Helper()
	l, err := reader.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var all []*reader.Record
	cov, err := l.Scan(context.Background(), reader.Filter{}, func(r *reader.Record) error {
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, cov
}

func TestRoundTrip(t *testing.T) {
	got, cov := read(t, write(t, append(sample(), beyondLibevtx())))
	if cov.BadChunks != 0 || cov.Damaged != 0 || !cov.Header.Checksum {
		t.Errorf("the log has faults: %+v", cov)
	}
	want := []reader.Record{
		{
			RecordID: 1, Time: start, ID: 20, Version: 1, Level: 2, Task: 1, Opcode: 13, Keywords: 0x8000000000000028,
			Provider: "Microsoft-Windows-WindowsUpdateClient", ProviderGUID: "{945a8954-c147-4acd-923f-40c45405a658}",
			Channel: "System", Computer: "PC-01.example", UserSID: "S-1-5-18", ProcessID: 1234, ThreadID: 5678,
			ActivityID: "{00112233-4455-6677-8899-aabbccddeeff}",
			Data: []reader.Field{
				{Name: "errorCode", Value: "0x8024001e"}, {Name: "updateTitle", Value: "Täglich 更新 <KB5034763> & mehr"},
				{Name: "updateGuid", Value: "{9482f4b4-e343-43b6-b170-9a65bc822c77}"}, {Name: "updateRevisionNumber", Value: "200"},
				{Name: "serviceGuid", Value: "{8b24b027-1dee-babb-9a95-3517dfb9c552}"},
			},
		},
		{
			RecordID: 2, Time: start.Add(time.Second), ID: 7036, Qualifiers: 16384, Level: 4, Keywords: 0x8080000000000000,
			Provider: "Service Control Manager", ProviderGUID: "{555908d1-a6d7-4695-8e1e-26931d2012f4}",
			Channel: "System", Computer: "PC-01.example", ProcessID: 700, ThreadID: 900,
			Data:   []reader.Field{{Name: "param1", Value: "Windows Update"}, {Name: "param2", Value: "running"}},
			Binary: []byte("w\x00u\x00/\x004\x00\x00\x00"),
		},
		{
			RecordID: 40, Time: start.Add(2 * time.Second), ID: 2, Task: 1, Keywords: 1 << 63,
			Provider: "Microsoft-Windows-Servicing", ProviderGUID: "{bd12f3b8-fc40-4a61-a307-b7a013a069c1}",
			Channel: "Setup", Computer: "PC-01.example", UserSID: "S-1-5-18", UserData: true,
			Data: []reader.Field{
				{Name: "PackageIdentifier", Value: "KB5034763"}, {Name: "IntendedPackageState", Value: "5112"},
				{Name: "ErrorCode", Value: "0x800f0821"}, {Name: "Client", Value: "UpdateAgentLCU"},
			},
		},
		{
			RecordID: 41, Time: start.Add(3 * time.Second), ID: 1, Provider: "Types", Channel: "Application", Computer: "PC-01.example",
			Data: []reader.Field{
				{Name: "true", Value: "true"}, {Name: "false", Value: "false"}, {Name: "int8", Value: "8"}, {Name: "uint8", Value: "8"},
				{Name: "int16", Value: "16"}, {Name: "uint16", Value: "16"}, {Name: "int32", Value: "32"}, {Name: "uint32", Value: "4000000000"},
				{Name: "int64", Value: "64"}, {Name: "uint64", Value: "9223372036854775808"}, {Name: "hex64", Value: "0x123456789a"},
				{Name: "sid", Value: "S-1-5-21-186559946-3925841745-111227986-500"}, {Name: "time", Value: "2024-03-01T08:30:00.1234567Z"},
				{Name: "binary", Value: "DEAD"}, {Name: "strings", Value: "a"}, {Name: "strings"}, {Name: "strings", Value: "c"},
			},
		},
		{
			RecordID: 42, Time: start.Add(4 * time.Second), ID: 6008, Qualifiers: 32768, Level: 2, Keywords: 0x80000000000000,
			Provider: "EventLog", Channel: "System", Computer: "PC-01.example",
			Data: []reader.Field{{Value: "8:29:01 AM"}, {}, {Value: "last"}},
		},
		{RecordID: 43, Time: start, ID: 9, Provider: "Bare"},
		{
			RecordID: 44, Time: start, ID: 2, Provider: "Types",
			Data: []reader.Field{
				{Name: "int8", Value: "-8"}, {Name: "int16", Value: "-16"}, {Name: "int32", Value: "-32"}, {Name: "int64", Value: "-64"},
				{Name: "float32", Value: "0.25"}, {Name: "float64", Value: "0.5"}, {Name: "emoji", Value: "😀"},
			},
		},
	}
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		got[i].Offset = 0
		if !reflect.DeepEqual(*got[i], want[i]) {
			t.Errorf("record %d\n got %+v\nwant %+v", i, *got[i], want[i])
		}
	}
}

func TestSeveralChunks(t *testing.T) {
	events := many(2000)
	b := write(t, events)
	got, cov := read(t, b)
	if len(got) != len(events) || cov.BadChunks != 0 || cov.Damaged != 0 || cov.EmptySlots != 0 || cov.TruncatedTail != 0 {
		t.Fatalf("%d records of %d, coverage %+v", len(got), len(events), cov)
	}
	if cov.Chunks < 3 || len(b) != 4096+65536*cov.Chunks || cov.Header.Chunks != cov.Chunks {
		t.Errorf("%d bytes, %d chunks, the header declares %d", len(b), cov.Chunks, cov.Header.Chunks)
	}
	for i, r := range got {
		if title, want := r.Data[1].Value, events[i].EventData[1].Value; r.RecordID != uint64(i+1) || title != want {
			t.Fatalf("record %d has identifier %d and value %q, want %q", i, r.RecordID, title, want)
		}
	}
	if again := write(t, events); !bytes.Equal(again, b) {
		t.Error("the same events give other bytes")
	}
}

func TestEmptyLog(t *testing.T) {
	b := write(t, nil)
	got, cov := read(t, b)
	if len(b) != 4096+65536 || len(got) != 0 || cov.Chunks != 1 || cov.BadChunks != 0 {
		t.Errorf("%d bytes, %d records, coverage %+v", len(b), len(got), cov)
	}
}

func TestWriteRejects(t *testing.T) {
	with := func(change func(*evtx.Event)) evtx.Event {
		e := updateFailure()
		change(&e)
		return e
	}
	tests := map[string]struct {
		event evtx.Event
		want  string
	}{
		"no-provider":     {with(func(e *evtx.Event) { e.Provider = "" }), "event 1: has no provider"},
		"no-time":         {with(func(e *evtx.Event) { e.Time = time.Time{} }), "event 1: has no time"},
		"two-payloads":    {with(func(e *evtx.Event) { e.UserData = &evtx.UserData{Root: "R"} }), "both EventData and UserData"},
		"no-root":         {with(func(e *evtx.Event) { e.EventData = nil; e.UserData = &evtx.UserData{} }), "without a root element"},
		"unknown-type":    {with(func(e *evtx.Event) { e.EventData[0].Value = struct{}{} }), `event 1: field 0 "errorCode": a value has the type struct {}`},
		"wrong-guid":      {with(func(e *evtx.Event) { e.ActivityID = "{1}" }), `"{1}" is no GUID`},
		"wrong-sid":       {with(func(e *evtx.Event) { e.UserSID = "S-1" }), `"S-1" is no SID`},
		"value-too-large": {with(func(e *evtx.Event) { e.EventData[0].Value = make([]byte, 1<<16) }), "at most 65535 are possible"},
		"event-too-large": {with(func(e *evtx.Event) {
			e.EventData[0].Value, e.EventData[1].Value = make([]byte, 40000), make([]byte, 40000)
		}), "a chunk holds 65024"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := evtx.Write(&bytes.Buffer{}, []evtx.Event{updateFailure(), tt.event})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// exported is what evtxexport prints of an event.
type exported struct {
	System struct {
		Provider struct {
			Name string `xml:",attr"`
			Guid string `xml:",attr"`
		}
		EventID struct {
			Value      uint32 `xml:",chardata"`
			Qualifiers uint16 `xml:",attr"`
		}
		TimeCreated struct {
			SystemTime time.Time `xml:",attr"`
		}
		EventRecordID uint64
		Execution     struct {
			ProcessID uint32 `xml:",attr"`
		}
		Channel, Computer string
		Security          struct {
			UserID string `xml:",attr"`
		}
	}
	EventData struct {
		Data []struct {
			Name  string `xml:",attr"`
			Value string `xml:",chardata"`
		}
		Binary string
	}
	UserData struct {
		Root struct {
			Fields []struct {
				XMLName xml.Name
				Value   string `xml:",chardata"`
			} `xml:",any"`
		} `xml:",any"`
	}
}

// export lists the log with libevtx, an implementation by others.
func export(t *testing.T, b []byte) []exported {
	t.Helper()
	tool, err := exec.LookPath("evtxexport")
	if err != nil {
		t.Skip("evtxexport of the package libevtx-utils is not installed")
	}
	path := filepath.Join(t.TempDir(), "sample.evtx")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-f", "xml", path).CombinedOutput()
	if err != nil {
		t.Fatalf("evtxexport: %v\n%s", err, out[max(0, len(out)-1000):])
	}
	var all []exported
	for _, doc := range regexp.MustCompile(`(?s)<Event xmlns=.*?</Event>`).FindAll(out, -1) {
		var e exported
		if err := xml.Unmarshal(doc, &e); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		all = append(all, e)
	}
	return all
}

var paddedHex = regexp.MustCompile(`^0x0*([0-9a-f])`)

// normal removes differences of presentation: libevtx pads hexadecimal numbers and shows GUIDs in upper case.
func normal(s string) string {
	if strings.HasPrefix(s, "{") {
		return strings.ToLower(s)
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.Format(time.RFC3339Nano)
	}
	return paddedHex.ReplaceAllString(s, "0x$1")
}

func TestEVTXExportAgrees(t *testing.T) {
	for name, events := range map[string][]evtx.Event{"shapes": sample(), "several-chunks": many(1500)} {
		t.Run(name, func(t *testing.T) {
			b := write(t, events)
			theirs := export(t, b)
			ours, _ := read(t, b)
			if len(theirs) != len(events) || len(ours) != len(events) {
				t.Fatalf("evtxexport lists %d records and the reader %d, written were %d", len(theirs), len(ours), len(events))
			}
			for i, r := range ours {
				x := theirs[i]
				type system struct {
					provider, guid, channel, computer, sid string
					id, pid                                uint32
					qualifiers                             uint16
					record                                 uint64
					at                                     time.Time
				}
				a := system{r.Provider, r.ProviderGUID, r.Channel, r.Computer, r.UserSID, r.ID, r.ProcessID, r.Qualifiers, r.RecordID, r.Time}
				s := x.System
				b := system{s.Provider.Name, s.Provider.Guid, s.Channel, s.Computer, s.Security.UserID, s.EventID.Value, s.Execution.ProcessID,
					s.EventID.Qualifiers, s.EventRecordID, s.TimeCreated.SystemTime}
				if a != b {
					t.Errorf("record %d\nevtxexport %+v\nthe reader %+v", i, b, a)
				}
				var fields []reader.Field
				for _, d := range x.EventData.Data {
					fields = append(fields, reader.Field{Name: d.Name, Value: normal(d.Value)})
				}
				for _, d := range x.UserData.Root.Fields {
					fields = append(fields, reader.Field{Name: d.XMLName.Local, Value: normal(d.Value)})
				}
				for j := range r.Data {
					r.Data[j].Value = normal(r.Data[j].Value)
				}
				if !reflect.DeepEqual(fields, r.Data) {
					t.Errorf("record %d\nevtxexport %v\nthe reader %v", i, fields, r.Data)
				}
				if got := fmt.Sprintf("%X", r.Binary); got != x.EventData.Binary {
					t.Errorf("record %d: evtxexport has the binary %s, the reader %s", i, x.EventData.Binary, got)
				}
			}
		})
	}
}
