package trace

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/forge/disk"
	forge "github.com/rectify-project/rectify/internal/forge/etl"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }

var start = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

const (
	folder   = "ProgramData/USOShared/Logs/System/"
	provider = "Microsoft.Windows.Update.Orchestrator"
)

func offline(t *testing.T, files map[string][]byte) target.Spec {
	t.Helper()
	return target.Spec{Kind: target.Offline, Root: disk.Write(t, files), Now: start.Add(24 * time.Hour)}
}

// observe asks a plugin that is let go before the disk is: Windows deletes no folder that is open.
func observe(t *testing.T, spec target.Spec, in SearchInput) (sdk.Answer, error) {
	t.Helper()
	return plugintest.Serve(t, Plugin()).Observe("search", spec, in)
}

func written(t *testing.T, records ...forge.Record) []byte {
	t.Helper()
	b, err := forge.Trace{Session: "s", File: `C:\s.etl`, Build: 19041, Start: start, End: start.Add(10 * time.Hour), Records: records}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func failure(at time.Duration) forge.Event {
	return forge.Event{
		Time: start.Add(at), Provider: provider, ProviderGUID: "{11111111-2222-3333-4444-555555555555}",
		Name: "Error Originate:DownloadHandler::UpdateDownloadResult:1893", Fields: []forge.Field{forge.HResult("hr", 0x8024001E)},
	}
}

func plain(at time.Duration) forge.Event {
	return forge.Event{Time: start.Add(at), Provider: provider, ProviderGUID: "{11111111-2222-3333-4444-555555555555}", Name: "Idle", Fields: []forge.Field{forge.Unicode("Info", "nothing to do")}}
}

func message(at time.Duration) forge.Message {
	return forge.Message{Time: start.Add(at), GUID: "{99999999-2222-3333-4444-555555555555}", Number: 12, Arguments: []byte{1, 2, 3, 4}}
}

func window(from, to time.Duration) []sdk.Window {
	return []sdk.Window{{From: start.Add(from), To: start.Add(to)}}
}

func since(d time.Duration) *schema.Span { return (*schema.Span)(&d) }

func TestSearch(t *testing.T) {
	open := forge.Trace{Session: "s", File: `C:\s.etl`, Build: 19041, Start: start, Records: []forge.Record{failure(time.Minute)}}
	unclosed, err := open.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	open.Compressed = true
	packed, err := open.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mixed := written(t, failure(time.Minute), message(time.Hour), plain(2*time.Hour))
	tests := map[string]struct {
		trace                    []byte
		windows                  []sdk.Window
		since                    *schema.Span
		count, events, undecoded int
		partial                  string
	}{
		"found":                      {trace: written(t, plain(0), failure(time.Minute)), count: 1, events: 2},
		"never-closed":               {trace: unclosed, count: 1, events: 1},
		"packed":                     {trace: packed, count: 1, events: 1},
		"undecodable-without-window": {trace: mixed, count: 1, events: 2, undecoded: 1, partial: "the text of 1 events is not in the traces"},
		"undecodable-in-the-window":  {trace: mixed, windows: window(time.Hour, 2*time.Hour), events: 1, undecoded: 1, partial: "such as <wpp"},
		"undecodable-elsewhere":      {trace: mixed, windows: window(0, time.Minute), count: 1, events: 1},
		"window-before-the-trace":    {trace: mixed, windows: window(-time.Hour, time.Minute), count: 1, events: 1, partial: "begin at 2026-01-10T09:00:00Z"},
		"quiet-after-the-trace":      {trace: mixed, windows: window(20*time.Hour, 21*time.Hour)},
		"since":                      {trace: mixed, since: since(22 * time.Hour), events: 1},
		"no-window":                  {trace: mixed, windows: []sdk.Window{}},
		"cut-off":                    {trace: written(t, failure(time.Minute), plain(time.Hour))[:6000], count: 1, events: 2, partial: "cut off"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := observe(t, offline(t, map[string][]byte{folder + "a.etl": test.trace}), SearchInput{
				Files: []schema.TargetPath{`%ProgramData%\USOShared\Logs\System\*.etl`, `%ProgramData%\USOShared\Logs\*.etl`},
				Patterns: map[string]schema.Regexp{
					"handler": `(?i)UpdateDownloadResult:\d+.*\((?P<code>0x8024001e)\)`,
					"none":    "never there",
				},
				Windows: test.windows, Since: test.since,
			})
			if err != nil {
				t.Fatal(err)
			}
			var out SearchOutput
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			handler := out.Patterns["handler"]
			if handler.Count != test.count || len(handler.Matches) != test.count || out.Events != test.events || out.Undecoded != test.undecoded {
				t.Errorf("got %s", a.Value)
			}
			if out.Patterns["none"].Count != 0 {
				t.Error("found what is not there")
			}
			if !strings.Contains(a.Partial, test.partial) || test.partial == "" && a.Partial != "" {
				t.Errorf("partial %q, want %q", a.Partial, test.partial)
			}
			if test.count == 0 {
				return
			}
			m := handler.Matches[0]
			if m.Provider != provider || !strings.Contains(m.Text, "UpdateDownloadResult:1893") || !m.Time.Equal(start.Add(time.Minute)) ||
				!strings.EqualFold(m.Captures["code"], "0x8024001e") {
				t.Errorf("match: %+v", m)
			}
			e := a.Evidence[0]
			if e.Pointer != "/patterns/handler/matches/0" || e.File != `C:\ProgramData\USOShared\Logs\System\a.etl` || e.Offset == 0 || e.Text == "" {
				t.Errorf("evidence: %+v", e)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	spec := offline(t, map[string][]byte{folder + "bad.etl": []byte("this is no trace"), folder + "empty.etl": nil})
	tests := map[string]struct {
		files    schema.TargetPath
		patterns map[string]schema.Regexp
		code     sdk.ErrorCode
		message  string
	}{
		"no-file":         {files: `%ProgramData%\none\*.etl`, code: sdk.Unavailable, message: "no file matches"},
		"no-trace":        {files: `%ProgramData%\USOShared\Logs\System\bad.etl`, code: sdk.Unavailable, message: "none of the traces can be read"},
		"empty-file":      {files: `%ProgramData%\USOShared\Logs\System\empty.etl`, code: sdk.Unavailable, message: "none of the traces can be read"},
		"bad-pattern":     {files: `%ProgramData%\USOShared\Logs\System\bad.etl`, patterns: map[string]schema.Regexp{"a": "("}, code: sdk.InvalidInput, message: "/patterns/a"},
		"no-pattern":      {files: `x`, patterns: map[string]schema.Regexp{}, code: sdk.InvalidInput, message: "/patterns"},
		"a-path-upwards":  {files: `C:\..\x.etl`, code: sdk.InvalidInput, message: "/files/0"},
		"an-unknown-name": {files: `%Nowhere%\x.etl`, code: sdk.InvalidInput, message: "/files/0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := SearchInput{Files: []schema.TargetPath{test.files}, Patterns: test.patterns}
			if in.Patterns == nil {
				in.Patterns = map[string]schema.Regexp{"a": "a"}
			}
			_, err := observe(t, spec, in)
			if e := sdk.AsError(err); err == nil || e.Code != test.code || !strings.Contains(e.Error(), test.message) {
				t.Errorf("got %v, want %s %q", err, test.code, test.message)
			}
		})
	}
}

func TestEndsWithItsContext(t *testing.T) {
	to, err := target.Open(offline(t, map[string][]byte{folder + "a.etl": written(t, plain(0))}))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = search(ctx, &sdk.Call{Target: to}, SearchInput{Files: []schema.TargetPath{`%ProgramData%\USOShared\Logs\System\*`}, Patterns: map[string]schema.Regexp{"a": "a"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestCorpus searches real traces of other people, where they are at hand.
func TestCorpus(t *testing.T) {
	corpus := filepath.Join("..", "..", "..", "shared", "corpus", "etl")
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("the corpus of real traces is not here: %v", err)
	}
	tests := map[string]struct {
		events, undecoded int
		partial           bool
	}{
		"eyeofparadox__WindowsUpdate.20250426.052044.386.1.etl": {events: 173},
		"eyeofparadox__waasmedic.20250426_122353_521.etl":       {},
		"jtmoon79__SIH.20230422.034724.362.1.etl":               {events: 10},
		"airbus-cert__ShutdownPerfDiagLogger.etl":               {},
		"michampr__setup.etl":                                   {undecoded: 1190, partial: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			a, err := observe(t, offline(t, map[string][]byte{folder + name: data}),
				SearchInput{Files: []schema.TargetPath{`%ProgramData%\USOShared\Logs\System\*`}, Patterns: map[string]schema.Regexp{"any": ".", "none": "\x00"}})
			if err != nil {
				t.Fatal(err)
			}
			var out SearchOutput
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			if out.Events != test.events || out.Undecoded != test.undecoded || out.Patterns["any"].Count != test.events || (a.Partial != "") != test.partial {
				t.Errorf("%d events, %d undecoded, %d matches, partial %q", out.Events, out.Undecoded, out.Patterns["any"].Count, a.Partial)
			}
		})
	}
}
