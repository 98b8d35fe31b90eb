package event

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	forge "github.com/rectify-project/rectify/internal/forge/evtx"
	"github.com/rectify-project/rectify/internal/forge/hive"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }

var start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

const (
	logs    = "Windows/System32/winevt/Logs/"
	updates = "Microsoft-Windows-WindowsUpdateClient"
	tasks   = "Microsoft-Windows-TaskScheduler/Operational"
)

func offline(t testing.TB, files map[string][]byte) target.Spec {
	t.Helper()
	return target.Spec{Kind: target.Offline, Root: disk.Write(t, files), Now: start.Add(24 * time.Hour)}
}

// observe asks a plugin that is let go before the disk is: Windows deletes no folder that is open.
func observe(t *testing.T, probe string, spec target.Spec, in any) (sdk.Answer, error) {
	t.Helper()
	return plugintest.Serve(t, Plugin()).Observe(probe, spec, in)
}

func failure(at time.Duration, code uint32, title string) forge.Event {
	return forge.Event{
		Provider: updates, ID: 20, Level: 2, Time: start.Add(at), Channel: "System", Computer: "PC", UserSID: "S-1-5-18",
		EventData: []forge.Field{
			{Name: "errorCode", Value: forge.HexInt32(code)}, {Name: "updateTitle", Value: title}, {Name: "updateRevisionNumber", Value: uint32(200)},
		},
	}
}

func other(at time.Duration, provider string, id uint16) forge.Event {
	return forge.Event{Provider: provider, ID: id, Level: 4, Time: start.Add(at), Channel: "System", EventData: []forge.Field{{Name: "", Value: "first"}}}
}

func sample(t testing.TB) []byte {
	first := other(0, "EventLog", 6005)
	first.RecordID = 100 // the log was overwritten before
	return disk.Log(t, first,
		failure(time.Hour, 0x8024001E, "one"), other(2*time.Hour, "Service Control Manager", 7036),
		failure(3*time.Hour, 0x80070005, "two"), other(4*time.Hour, "Someone else", 20), failure(5*time.Hour, 0x8024001E, "three"))
}

func span(d time.Duration) *schema.Span { return (*schema.Span)(&d) }

func window(from, to time.Duration) sdk.Window {
	return sdk.Window{From: start.Add(from), To: start.Add(to)}
}

func TestQuery(t *testing.T) {
	spec := offline(t, map[string][]byte{logs + "System.evtx": sample(t)})
	tests := map[string]struct {
		in      QueryInput
		records []int64
		count   int
		partial string
	}{
		"all":                      {in: QueryInput{}, records: []int64{100, 101, 102, 103, 104, 105}},
		"provider":                 {in: QueryInput{Provider: updates}, records: []int64{101, 103, 105}},
		"ids":                      {in: QueryInput{IDs: []uint32{20, 7036}}, records: []int64{101, 102, 103, 104, 105}},
		"data-as-a-code":           {in: QueryInput{Data: map[string]string{"errorCode": "-2145124322"}}, records: []int64{101, 105}},
		"data-in-another-case":     {in: QueryInput{Data: map[string]string{"errorCode": "0X8024001E", "updateTitle": "THREE"}}, records: []int64{105}},
		"data-that-no-event-has":   {in: QueryInput{Data: map[string]string{"nothing": ""}}},
		"value-without-a-name":     {in: QueryInput{IDs: []uint32{7036}, Data: map[string]string{"param1": "first"}}, records: []int64{102}},
		"window":                   {in: QueryInput{Windows: []sdk.Window{window(time.Hour, 2*time.Hour)}}, records: []int64{101, 102}},
		"two-windows":              {in: QueryInput{Windows: []sdk.Window{window(3*time.Hour, 3*time.Hour), window(time.Hour, time.Hour)}}, records: []int64{101, 103}},
		"window-before-the-log":    {in: QueryInput{Windows: []sdk.Window{window(-2*time.Hour, -time.Hour)}}, partial: "begins at 2026-01-10T09:00:00Z"},
		"no-window":                {in: QueryInput{Windows: []sdk.Window{}}},
		"since":                    {in: QueryInput{Since: span(20 * time.Hour)}, records: []int64{104, 105}},
		"since-and-window":         {in: QueryInput{Since: span(21 * time.Hour), Windows: []sdk.Window{window(0, 4*time.Hour)}}, records: []int64{103, 104}},
		"since-before-the-log":     {in: QueryInput{Since: span(48 * time.Hour), IDs: []uint32{6005}}, records: []int64{100}, partial: "begins at"},
		"newest-are-listed":        {in: QueryInput{Limit: 2}, records: []int64{104, 105}, count: 6},
		"other-case-of-a-provider": {in: QueryInput{Provider: "microsoft-windows-windowsupdateclient"}, records: []int64{101, 103, 105}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.in.Channel = "System"
			a, err := observe(t, "query", spec, test.in)
			if err != nil {
				t.Fatal(err)
			}
			var out answer
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			var records []int64
			for _, e := range out.Events {
				records = append(records, e.Record)
			}
			if test.count == 0 {
				test.count = len(test.records)
			}
			if !equal(records, test.records) || out.Count != test.count || out.Cut != (test.count > len(records)) {
				t.Errorf("got %v of %d, want %v of %d", records, out.Count, test.records, test.count)
			}
			if !strings.Contains(a.Partial, test.partial) || test.partial == "" && a.Partial != "" {
				t.Errorf("partial %q, want %q", a.Partial, test.partial)
			}
			if len(a.Evidence) != len(records) {
				t.Errorf("%d items of evidence for %d events", len(a.Evidence), len(records))
			}
			sameWhenRunning(t, a, "query", test.in, map[string][]byte{"System": sample(t)})
		})
	}
	verification.ShownByFake(t, "the same events give the same answer on a running Windows as in their file", "event.query")
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestDataIsTypedByProviderAndID(t *testing.T) {
	spec := offline(t, map[string][]byte{logs + "System.evtx": sample(t)})
	tests := map[string]struct {
		in   QueryInput
		want string
	}{
		"known":             {QueryInput{Provider: updates, IDs: []uint32{20}}, `{"errorCode":"0x8024001E","updateRevisionNumber":200,"updateTitle":"one"}`},
		"provider-is-free":  {QueryInput{IDs: []uint32{20}}, `{"errorCode":"0x8024001e","updateRevisionNumber":"200","updateTitle":"one"}`},
		"id-is-free":        {QueryInput{Provider: updates}, `{"errorCode":"0x8024001e","updateRevisionNumber":"200","updateTitle":"one"}`},
		"one-id-is-unknown": {QueryInput{Provider: updates, IDs: []uint32{20, 9999}}, `{"errorCode":"0x8024001E","updateRevisionNumber":200,"updateTitle":"one"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.in.Channel = "System"
			test.in.Data = map[string]string{"updateTitle": "one"}
			a, err := observe(t, "query", spec, test.in)
			if err != nil {
				t.Fatal(err)
			}
			var out struct {
				Events []struct{ Data json.RawMessage }
			}
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			if len(out.Events) != 1 || string(out.Events[0].Data) != test.want {
				t.Errorf("got %s, want %s", a.Value, test.want)
			}
		})
	}
}

func TestQueryUnknowns(t *testing.T) {
	off := settings(t, tasks, 0)
	tests := map[string]struct {
		files   map[string][]byte
		channel string
		code    sdk.ErrorCode
		partial string
	}{
		"no-log":         {channel: tasks, code: sdk.Unavailable},
		"no-event-log":   {files: map[string][]byte{logs + "System.evtx": []byte("text")}, channel: "System", code: sdk.Unavailable},
		"no-such-name":   {channel: `a\b`, code: sdk.InvalidInput},
		"empty-log":      {files: map[string][]byte{logs + "System.evtx": disk.Log(t)}, channel: "System", partial: "is empty"},
		"switched-off":   {files: map[string][]byte{logs + "Microsoft-Windows-TaskScheduler%4Operational.evtx": sample(t), software: off}, channel: tasks, partial: "is switched off"},
		"cut-off-log":    {files: map[string][]byte{logs + "System.evtx": sample(t)[:5000]}, channel: "System", partial: "is damaged"},
		"hive-is-broken": {files: map[string][]byte{logs + "System.evtx": sample(t), software: []byte("x")}, channel: "System"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := observe(t, "query", offline(t, test.files), QueryInput{Channel: test.channel})
			if test.code != "" {
				if e := sdk.AsError(err); err == nil || e.Code != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(a.Partial, test.partial) || test.partial == "" && a.Partial != "" {
				t.Errorf("partial %q, want %q", a.Partial, test.partial)
			}
		})
	}
}

const software = "Windows/System32/config/SOFTWARE"

func settings(t testing.TB, channel string, enabled uint32) []byte {
	t.Helper()
	root := &hive.Key{}
	root.At(`Microsoft\Windows\CurrentVersion\WINEVT\Channels\` + channel).Set(hive.DWord("Enabled", enabled))
	b, err := hive.Bytes(root, hive.Options{Name: "SOFTWARE"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestChannel(t *testing.T) {
	taskLog := logs + "Microsoft-Windows-TaskScheduler%4Operational.evtx"
	tests := map[string]struct {
		files   map[string][]byte
		channel string
		want    string
		missing bool
		code    sdk.ErrorCode
	}{
		"always-on":        {files: map[string][]byte{logs + "System.evtx": sample(t)}, channel: "System", want: `{"exists":true,"enabled":true,"records":6,"oldest":"2026-01-10T09:00:00Z","newest":"2026-01-10T14:00:00Z","size":69632}`},
		"off-with-a-log":   {files: map[string][]byte{taskLog: sample(t), software: settings(t, tasks, 0)}, channel: tasks, want: `{"exists":true,"enabled":false,"records":6,"oldest":"2026-01-10T09:00:00Z","newest":"2026-01-10T14:00:00Z","size":69632}`},
		"off-without-one":  {files: map[string][]byte{software: settings(t, tasks, 0)}, channel: tasks, want: `{"exists":true,"enabled":false,"records":0}`},
		"no-such-channel":  {files: map[string][]byte{software: settings(t, tasks, 0)}, channel: "Nobody/Operational", want: `{"exists":false,"records":0}`, missing: true},
		"no-hive":          {files: map[string][]byte{taskLog: disk.Log(t)}, channel: tasks, want: `{"exists":true,"records":0,"size":69632}`, missing: true},
		"neither-is-there": {channel: tasks, code: sdk.Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := observe(t, "channel", offline(t, test.files), ChannelInput{Channel: test.channel})
			if test.code != "" {
				if e := sdk.AsError(err); err == nil || e.Code != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(a.Value) != test.want {
				t.Errorf("got  %s\nwant %s", a.Value, test.want)
			}
			if got := a.Missing["/enabled"] != ""; got != test.missing {
				t.Errorf("missing: %v", a.Missing)
			}
		})
	}
}

// TestCorpus queries real logs of other people, where they are at hand. The numbers are those of evtxexport.
func TestCorpus(t *testing.T) {
	corpus := filepath.Join("..", "..", "..", "shared", "corpus", "evtx")
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("the corpus of real logs is not here: %v", err)
	}
	tests := map[string]struct {
		file     string
		provider string
		ids      []uint32
		count    int
	}{
		"failures-of-windows-10": {"omerbenamram__system.evtx", updates, []uint32{20}, 5},
		"failures-of-windows-11": {"fukusuket__System.evtx", updates, []uint32{20}, 1},
		"services-of-windows-7":  {"log2timeline__System.evtx", "Service Control Manager", []uint32{7036}, 3434},
		"restarts-of-a-server":   {"Menna-Islam__System.evtx", "Service Control Manager", []uint32{7040}, 60},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(corpus, test.file))
			if err != nil {
				t.Fatal(err)
			}
			a, err := observe(t, "query", offline(t, map[string][]byte{logs + "System.evtx": data}),
				QueryInput{Channel: "System", Provider: test.provider, IDs: test.ids})
			if err != nil {
				t.Fatal(err)
			}
			var out answer
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			if out.Count != test.count || a.Partial != "" {
				t.Errorf("count %d, want %d; partial %q", out.Count, test.count, a.Partial)
			}
		})
	}
}
