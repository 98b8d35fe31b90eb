package log

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rectify-project/rectify/internal/forge/cab"
	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

var now = time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)

const (
	cbsLog  = `%SystemRoot%\Logs\CBS\CBS.log`
	persist = `%SystemRoot%\Logs\CBS\CbsPersist_*`
	// The machine is five hours behind UTC.
	anchored = "2026-01-10 04:00:00, Info                  CSI    00000001@2026/1/10:09:00:00.120 WcpInitialize\r\n" +
		"2026-01-10 04:01:00, Info                  CBS    alpha one\r\n" +
		"   a continuation with beta\r\n" +
		"2026-01-10 04:02:00, Info                  CBS    Trusted Installer is shutting down because: STOP\r\n" +
		"2026-01-10 06:00:00, Info                  CSI    00000002@2026/1/10:11:00:00.500 end\r\n"
	unanchored = "2026-01-10 04:00:00, Info                  CBS    begin\r\n2026-01-10 04:01:00, Info                  CBS    alpha one\r\n" +
		"2026-01-10 06:00:00, Info                  CBS    end\r\n"
)

// offline makes an offline target with these files, by their path below its root.
func offline(t *testing.T, files map[string]string) *sdk.Call {
	t.Helper()
	data := map[string][]byte{}
	for name, text := range files {
		data[name] = []byte(text)
	}
	return &sdk.Call{Target: disk.New(t, now, data)}
}

func open(t *testing.T, root string) *sdk.Call {
	t.Helper()
	return &sdk.Call{Target: disk.Open(t, root, now)}
}

// observe calls the probe as the host does, and checks its answer with its schema.
func observe(t *testing.T, call *sdk.Call, in SearchInput) (SearchOutput, sdk.Answer, error) {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := Plugin().Probe("search")
	a, err := p.Observe(t.Context(), call, input)
	if err != nil {
		return SearchOutput{}, a, err
	}
	typ, err := schema.Parse(p.Manifest().Output)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typ.Canonical(a.Value); err != nil {
		t.Errorf("the answer does not have its type: %v", err)
	}
	var out SearchOutput
	if err := json.Unmarshal(a.Value, &out); err != nil {
		t.Fatal(err)
	}
	return out, a, nil
}

func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, s)
	if err != nil {
		panic(err)
	}
	return t
}

func window(from, to string) sdk.Window { return sdk.Window{From: at(from), To: at(to)} }

func span(s string) *schema.Span {
	d, err := schema.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return (*schema.Span)(&d)
}

func TestWindowsAndZones(t *testing.T) {
	tests := map[string]struct {
		text    string
		windows []sdk.Window
		since   *schema.Span
		count   int
		zone    string
		partial string // part of the reason
	}{
		"all-of-an-anchored-log":    {text: anchored, count: 1, zone: "anchors in the log"},
		"in-the-window-in-utc":      {text: anchored, windows: []sdk.Window{window("2026-01-10 09:00:30", "2026-01-10 09:02:00")}, count: 1, zone: "anchors in the log"},
		"its-local-time-is-not-utc": {text: anchored, windows: []sdk.Window{window("2026-01-10 04:00:00", "2026-01-10 05:00:00")}, zone: "anchors in the log", partial: "begin at 2026-01-10T09:00:00Z, after the start"},
		"second-of-two-windows":     {text: anchored, windows: []sdk.Window{window("2026-01-10 09:30:00", "2026-01-10 09:31:00"), window("2026-01-10 09:01:00", "2026-01-10 09:01:00")}, count: 1, zone: "anchors in the log"},
		"no-window":                 {text: anchored, windows: []sdk.Window{}},
		"since-before-the-log":      {text: anchored, since: span("30d"), count: 1, zone: "anchors in the log", partial: "begin at"},
		"since-within-the-log":      {text: anchored, since: (*schema.Span)(new(now.Sub(at("2026-01-10 09:00:30")))), count: 1, zone: "anchors in the log"},
		"since-after-the-line":      {text: anchored, since: span("9d"), zone: "anchors in the log"},
		"since-and-window-disjoint": {text: anchored, since: span("1d"), windows: []sdk.Window{window("2026-01-10 09:00:00", "2026-01-10 10:00:00")}},
		"zone-unknown-all":          {text: unanchored, count: 1, zone: "unknown: treated as UTC"},
		"zone-unknown-might-count":  {text: unanchored, windows: []sdk.Window{window("2026-01-10 09:00:00", "2026-01-10 10:00:00")}, zone: "unknown: treated as UTC", partial: "1 lines match whose time is not known well enough"},
		"zone-unknown-far-away":     {text: unanchored, windows: []sdk.Window{window("2026-01-15 09:00:00", "2026-01-15 10:00:00")}, zone: "unknown: treated as UTC"},
		"quiet-log-is-complete":     {text: anchored, windows: []sdk.Window{window("2026-01-12 00:00:00", "2026-01-13 00:00:00")}, zone: "anchors in the log"},
		"empty-log":                 {text: "", windows: []sdk.Window{window("2026-01-12 00:00:00", "2026-01-13 00:00:00")}, partial: "no line of the logs"},
		"no-times":                  {text: "alpha\n", windows: []sdk.Window{window("2026-01-12 00:00:00", "2026-01-13 00:00:00")}, partial: "no line of the logs"},
		"iso-times-are-utc":         {text: "2026-01-10T08:00:00Z x\n2026-01-10T10:00:00+01:00 alpha\n", windows: []sdk.Window{window("2026-01-10 09:00:00", "2026-01-10 09:00:00")}, count: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			call := offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": test.text})
			out, a, err := observe(t, call, SearchInput{
				Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"alpha": "alpha"}, Windows: test.windows, Since: test.since,
			})
			if err != nil {
				t.Fatal(err)
			}
			if out.Patterns["alpha"].Count != test.count {
				t.Errorf("count %d, want %d", out.Patterns["alpha"].Count, test.count)
			}
			if out.TimeZone != test.zone {
				t.Errorf("zone %q, want %q", out.TimeZone, test.zone)
			}
			if !strings.Contains(a.Partial, test.partial) || test.partial == "" && a.Partial != "" {
				t.Errorf("partial %q, want %q", a.Partial, test.partial)
			}
		})
	}
}

func TestMatchesCapturesAndEvidence(t *testing.T) {
	call := offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": "\xef\xbb\xbf" + anchored})
	out, a, err := observe(t, call, SearchInput{
		Files:    []schema.TargetPath{cbsLog},
		Patterns: map[string]schema.Regexp{"stop": `because: (?P<reason>\w+)`, "beta": "beta", "none": "gamma"},
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := out.Patterns["stop"]
	if stop.Count != 1 || len(stop.Matches) != 1 || stop.Matches[0].Captures["reason"] != "STOP" || stop.Matches[0].Line != 4 {
		t.Fatalf("stop: %+v", stop)
	}
	if want := at("2026-01-10 09:02:00"); !stop.First.Equal(want) || !stop.Last.Equal(want) {
		t.Errorf("first %v, last %v, want %v", stop.First, stop.Last, want)
	}
	if beta := out.Patterns["beta"]; beta.Count != 1 || !beta.First.Equal(at("2026-01-10 09:01:00")) {
		t.Errorf("a continuation line has the time of the line above: %+v", beta)
	}
	if none := out.Patterns["none"]; none.Count != 0 || none.Matches == nil || none.First != nil {
		t.Errorf("none: %+v", none)
	}
	var found bool
	for _, e := range a.Evidence {
		if e.Pointer == "/patterns/stop/matches/0" {
			found = e.File == `C:\Windows\Logs\CBS\CBS.log` && e.Line == 4 && e.Time.Equal(at("2026-01-10 09:02:00")) && strings.Contains(e.Text, "because: STOP")
		}
	}
	if !found {
		t.Errorf("evidence: %+v", a.Evidence)
	}
	f := out.Files[0]
	if *f.Lines != 5 || !f.First.Equal(at("2026-01-10 09:00:00")) || !f.Last.Equal(at("2026-01-10 11:00:00")) {
		t.Errorf("file: %+v lines %d", f, *f.Lines)
	}
}

func TestPackedLogs(t *testing.T) {
	older := strings.ReplaceAll(strings.ReplaceAll(anchored, "2026-01-10", "2026-01-05"), "2026/1/10", "2026/1/5")
	cabinet, err := cab.Cabinet{Folders: []cab.Folder{{Method: cab.MSZIP, Files: []cab.File{{Name: "CbsPersist_1.log", Data: []byte(older)}}}}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	zipped := zipOf(t, map[string]string{"deep/CbsPersist_2.log": older})
	call := offline(t, map[string]string{
		"Windows/Logs/CBS/CBS.log":           anchored,
		"Windows/Logs/CBS/CbsPersist_1.cab":  string(cabinet),
		"Windows/Logs/CBS/CbsPersist_2.zip":  zipped,
		"Windows/Logs/CBS/cbspersist_3.log":  "\xff\xfe" + wide(older),
		"Windows/Logs/CBS/CbsPersist_4.gz":   gzipOf(t, older),
		"Windows/Logs/CBS/CbsPersist_folder": "",
	})
	out, a, err := observe(t, call, SearchInput{
		Files: []schema.TargetPath{cbsLog, persist}, Patterns: map[string]schema.Regexp{"alpha": "alpha"}, Since: (*schema.Span)(new(now.Sub(at("2026-01-05 09:00:01")))),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.Patterns["alpha"].Count; got != 5 {
		t.Errorf("count %d, want 5", got)
	}
	if a.Partial != "" {
		t.Errorf("partial: %s", a.Partial)
	}
	want := map[string]bool{
		`C:\Windows\Logs\CBS\CBS.log`:                                  true,
		`C:\Windows\Logs\CBS\CbsPersist_1.cab → CbsPersist_1.log`:      true,
		`C:\Windows\Logs\CBS\CbsPersist_2.zip → deep/CbsPersist_2.log`: true,
		`C:\Windows\Logs\CBS\cbspersist_3.log`:                         true,
		`C:\Windows\Logs\CBS\CbsPersist_4.gz → CbsPersist_4`:           true,
	}
	for _, m := range out.Patterns["alpha"].Matches {
		if !want[m.File] {
			t.Errorf("unexpected file %s", m.File)
		}
		delete(want, m.File)
	}
	if len(want) > 0 {
		t.Errorf("not found in %v", want)
	}
}

func TestDamageIsPartial(t *testing.T) {
	cabinet, err := cab.Cabinet{Folders: []cab.Folder{{Method: cab.MSZIP, Files: []cab.File{{Name: "a.log", Data: bytes.Repeat([]byte(anchored), 100)}}}}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	nested := zipOf(t, map[string]string{"CbsPersist.cab": string(cabinet)})
	tests := map[string]struct{ name, data, partial string }{
		"cut-cabinet":  {"CbsPersist_1.cab", string(cabinet[:len(cabinet)-10]), "CbsPersist_1.cab"},
		"no-cabinet":   {"CbsPersist_1.cab", "hello, this is text", "no archive of the kind"},
		"packed-twice": {"CbsPersist_1.zip", nested, "packed once more"},
		"cut-gzip":     {"CbsPersist_1.gz", gzipOf(t, anchored)[:60], "cut off"},
		"cut-zip":      {"CbsPersist_1.zip", nested[:len(nested)-30], "zip: not a valid zip file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"Windows/Logs/CBS/" + test.name: test.data}
			in := SearchInput{Files: []schema.TargetPath{cbsLog, persist}, Patterns: map[string]schema.Regexp{"alpha": "alpha"}}
			files["Windows/Logs/CBS/CBS.log"] = anchored
			out, a, err := observe(t, offline(t, files), in)
			if err != nil {
				t.Fatal(err)
			}
			if out.Patterns["alpha"].Count == 0 || !strings.Contains(a.Partial, test.partial) {
				t.Errorf("count %d, partial %q, want %q", out.Patterns["alpha"].Count, a.Partial, test.partial)
			}
		})
	}
}

// TestOnlyRotatedLogs looks behind the end of the rotated logs, where the log that is written to says nothing.
func TestOnlyRotatedLogs(t *testing.T) {
	for name, more := range map[string]map[string]string{
		"alone":              {},
		"beside-an-empty":    {"Windows/Logs/CBS/CBS.log": ""},
		"beside-a-mark":      {"Windows/Logs/CBS/CBS.log": "\xff\xfe"},
		"beside-no-such-log": {"Windows/Logs/CBS/CBS.log": "lorem ipsum\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := map[string]string{"Windows/Logs/CBS/CbsPersist_1.log": anchored}
			maps.Copy(disk, more)
			_, a, err := observe(t, offline(t, disk), SearchInput{
				Files: []schema.TargetPath{cbsLog, persist}, Patterns: map[string]schema.Regexp{"alpha": "alpha"}, Windows: []sdk.Window{window("2026-01-10 10:00:00", "2026-01-10 12:00:00")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(a.Partial, "end at 2026-01-10T11:00:00Z") || a.Covers == nil || !a.Covers.To.Equal(at("2026-01-10 11:00:00")) {
				t.Errorf("partial %q, covers %v", a.Partial, a.Covers)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		files    []schema.TargetPath
		patterns map[string]schema.Regexp
		sequence *Sequence
		code     sdk.ErrorCode
		message  string
	}{
		"no-such-file":     {files: []schema.TargetPath{`%SystemRoot%\Logs\no*.log`}, code: sdk.Unavailable, message: "no file matches"},
		"unknown-variable": {files: []schema.TargetPath{`%Nowhere%\x`}, code: sdk.InvalidInput, message: "/files/0"},
		"other-drive":      {files: []schema.TargetPath{`D:\x.log`}, code: sdk.InvalidInput, message: "/files/0"},
		"upwards":          {files: []schema.TargetPath{`C:\..\x.log`}, code: sdk.InvalidInput, message: "/files/0"},
		"bad-pattern":      {patterns: map[string]schema.Regexp{"b/d": "("}, code: sdk.InvalidInput, message: "/patterns/b~1d"},
		"no-pattern":       {patterns: map[string]schema.Regexp{}, code: sdk.InvalidInput, message: "/patterns"},
		"unknown-step":     {sequence: &Sequence{Patterns: []string{"alpha", "x"}, Within: *span("1h")}, code: sdk.InvalidInput, message: "/sequence/patterns/1"},
		"no-time-to-run":   {sequence: &Sequence{Patterns: []string{"alpha", "alpha"}}, code: sdk.InvalidInput, message: "/sequence/within"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := SearchInput{Files: test.files, Patterns: test.patterns, Sequence: test.sequence}
			if in.Files == nil {
				in.Files = []schema.TargetPath{cbsLog}
			}
			if in.Patterns == nil {
				in.Patterns = map[string]schema.Regexp{"alpha": "alpha"}
			}
			_, _, err := observe(t, offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": anchored}), in)
			if e := sdk.AsError(err); e.Code != test.code || !strings.Contains(e.Error(), test.message) {
				t.Errorf("got %s %v, want %s %q", e.Code, e, test.code, test.message)
			}
		})
	}
}

func TestLinkOutOfTheDiskIsPartial(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.log")
	if err := os.WriteFile(outside, []byte("alpha\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	logs := filepath.Join(root, "Windows", "Logs", "CBS")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(logs, "CBS.log")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	_, _, err := observe(t, open(t, root), SearchInput{Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"alpha": "alpha"}})
	if e := sdk.AsError(err); e.Code != sdk.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestSequence(t *testing.T) {
	line := func(clock, text string) string {
		return "2026-01-10T" + clock + "Z " + text + "\n"
	}
	tests := map[string]struct {
		text  string
		count int
	}{
		"in-order":           {line("10:00:00", "stop") + line("10:05:00", "start"), 1},
		"wrong-order":        {line("10:00:00", "start") + line("10:05:00", "stop"), 0},
		"too-far":            {line("10:00:00", "stop") + line("11:00:00", "start"), 0},
		"last-beginning":     {line("10:00:00", "stop") + line("10:50:00", "stop") + line("10:55:00", "start"), 1},
		"twice":              {line("10:00:00", "stop") + line("10:05:00", "start") + line("10:06:00", "stop") + line("10:07:00", "start"), 2},
		"no-overlap":         {line("10:00:00", "stop") + line("10:05:00", "start") + line("10:06:00", "start"), 1},
		"one-line-is-no-run": {line("10:00:00", "stop then start"), 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out, a, err := observe(t, offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": test.text}), SearchInput{
				Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"stop": "stop", "start": "start"},
				Sequence: &Sequence{Patterns: []string{"stop", "start"}, Within: *span("30m")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if out.Sequence == nil || out.Sequence.Count != test.count || len(out.Sequence.Runs) != test.count {
				t.Fatalf("got %+v, want %d", out.Sequence, test.count)
			}
			evidence := 0
			for _, e := range a.Evidence {
				if strings.HasPrefix(e.Pointer, "/sequence/runs/") {
					evidence++
				}
			}
			if evidence != 2*test.count {
				t.Errorf("%d items of evidence for %d runs", evidence, test.count)
			}
		})
	}
}

func TestListsAreBoundedAndCountsExact(t *testing.T) {
	var b strings.Builder
	start := at("2026-01-10 00:00:00")
	for i := range 10_000 {
		b.WriteString(start.Add(time.Duration(i)*time.Second).Format("2006-01-02 15:04:05") + ", Info                  CBS    alpha\r\n")
	}
	out, _, err := observe(t, offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": b.String()}), SearchInput{
		Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"alpha": "alpha"}, MaxMatches: 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	alpha := out.Patterns["alpha"]
	if alpha.Count != 10_000 || len(alpha.Matches) != 20 || !alpha.Cut {
		t.Fatalf("count %d, %d matches, cut %v", alpha.Count, len(alpha.Matches), alpha.Cut)
	}
	if newest := alpha.Matches[19]; newest.Line != 10_000 || !newest.Time.Equal(start.Add(9999*time.Second)) || alpha.Matches[0].Line != 9981 {
		t.Errorf("the newest are listed, oldest first: %d to %d", alpha.Matches[0].Line, newest.Line)
	}
}

func TestEndlessLine(t *testing.T) {
	text := "alpha " + strings.Repeat("0123456789abcdef", 2<<20) + " beta\nalpha\n"
	out, a, err := observe(t, offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": text}), SearchInput{
		Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"alpha": "alpha", "beta": "beta"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(a.Partial, "1 lines are longer") {
		t.Errorf("partial: %q", a.Partial)
	}
	alpha := out.Patterns["alpha"]
	if alpha.Count != 2 || alpha.Matches[1].Line != 2 || len(alpha.Matches[0].Text) > maxText {
		t.Errorf("count %d, lines %v", alpha.Count, alpha.Matches[1].Line)
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := search(ctx, offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": anchored}), SearchInput{
		Files: []schema.TargetPath{cbsLog}, Patterns: map[string]schema.Regexp{"alpha": "alpha"},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func zipOf(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wide(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}
