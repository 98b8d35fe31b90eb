package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

var servicing = []Pattern{
	{"told_to_stop", `Trusted Installer is shutting down because: SHUTDOWN_REASON_NOTIFICATION:(?:STOP|SHUTDOWN|PRESHUTDOWN)`},
	{"idle_stop", `Trusted Installer is shutting down because: SHUTDOWN_REASON_AUTOSTOP`},
	{"timed_out", `(?i)0x800f0821`},
	{"store_corrupt", `(?i)0x80073712|0x800f0831|manifest missing for package`},
}

func stamp(line []byte) (time.Time, bool) {
	if len(line) < 19 || line[4] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateTime, string(line[:19]))
	return t, err == nil
}

// seen is a match in a form that can be compared.
type seen struct {
	name   string
	line   int64
	offset int64
	text   string
	time   string
}

func scanAll(t *testing.T, m *Matcher, r io.Reader, opts Options) ([]seen, Stats) {
	t.Helper()
	var out []seen
	stats, err := m.Scan(context.Background(), r, opts, func(m *Match) error {
		text, _ := m.Text(2048)
		at := ""
		if m.Timed {
			at = m.Time.Format(time.DateTime)
		}
		if m.Inherited {
			at = "^" + at
		}
		if m.LineCut {
			at += " cut"
		}
		out = append(out, seen{m.Name, m.Line, m.Offset, text, at})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, stats
}

func mustCompile(t testing.TB, patterns ...Pattern) *Matcher {
	t.Helper()
	m, err := Compile(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func encode16(s string, big bool) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

func TestScanFindsLinesAndTheirTimes(t *testing.T) {
	log := "2023-05-17 08:24:08, Info  CBS  one\r\n" +
		"2023-05-17 08:24:09, Error CBS  failed 0x800F0821 ü😀\n" +
		"   more: 0x800f0821\r\n" +
		"2023-05-17 08:24:10, Info  CBS  Manifest Missing for package; 0x800f0821\r\n" +
		"last 0x80073712"
	want := func(width, mark int64) []seen {
		at := func(s string) int64 {
			head := log[:strings.Index(log, s)]
			if width == 2 {
				return mark + 2*int64(len(utf16.Encode([]rune(head))))
			}
			return mark + int64(len(head))
		}
		l2, l3, l4, l5 := at("2023-05-17 08:24:09"), at("   more"), at("2023-05-17 08:24:10"), at("last")
		return []seen{
			{"timed_out", 2, l2, "2023-05-17 08:24:09, Error CBS  failed 0x800F0821 ü😀", "2023-05-17 08:24:09"},
			{"timed_out", 3, l3, "   more: 0x800f0821", "^2023-05-17 08:24:09"},
			{"timed_out", 4, l4, "2023-05-17 08:24:10, Info  CBS  Manifest Missing for package; 0x800f0821", "2023-05-17 08:24:10"},
			{"store_corrupt", 4, l4, "2023-05-17 08:24:10, Info  CBS  Manifest Missing for package; 0x800f0821", "2023-05-17 08:24:10"},
			{"store_corrupt", 5, l5, "last 0x80073712", "^2023-05-17 08:24:10"},
		}
	}
	for name, c := range map[string]struct {
		input []byte
		enc   Encoding
		want  []seen
	}{
		"utf-8":              {[]byte(log), UTF8, want(1, 0)},
		"utf-8-with-mark":    {append([]byte{0xEF, 0xBB, 0xBF}, log...), UTF8, want(1, 3)},
		"utf-16le-with-mark": {append([]byte{0xFF, 0xFE}, encode16(log, false)...), UTF16LE, want(2, 2)},
		"utf-16be-with-mark": {append([]byte{0xFE, 0xFF}, encode16(log, true)...), UTF16BE, want(2, 2)},
		"utf-16le-unmarked":  {encode16(log, false), UTF16LE, want(2, 0)},
		"utf-16be-unmarked":  {encode16(log, true), UTF16BE, want(2, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, opts := range []Options{{}, {block: 100, maxLine: 80}, {block: 129, maxLine: 90}} {
				opts.Stamp = stamp
				got, stats := scanAll(t, mustCompile(t, servicing...), iotest.OneByteReader(bytes.NewReader(c.input)), opts)
				if fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("block %d:\n got %v\nwant %v", opts.block, got, c.want)
				}
				if stats.Encoding != c.enc || stats.Bytes != int64(len(c.input)) || stats.Lines != 5 || stats.BadBytes != 0 || stats.LinesCut != 0 {
					t.Errorf("stats %+v", stats)
				}
				if stats.First.Second() != 8 || stats.Last.Second() != 10 || !stats.Timed {
					t.Errorf("first %v, last %v", stats.First, stats.Last)
				}
			}
		})
	}
}

func TestScanReadsOtherBytesAsWindows1252(t *testing.T) {
	m := mustCompile(t, Pattern{"who", `f\x{fc}r (?P<who>\w+) \x{20ac}`})
	got, stats := scanAll(t, m, strings.NewReader("x\xff\nf\xfcr wuauserv \x80\x81\n"), Options{})
	if len(got) != 1 || got[0].text != "für wuauserv €�" || got[0].line != 2 {
		t.Errorf("got %+v", got)
	}
	if stats.BadBytes != 4 {
		t.Errorf("bad bytes: got %d, want 4", stats.BadBytes)
	}
}

func TestScanCountsBrokenUTF16(t *testing.T) {
	in := append([]byte{0xFF, 0xFE}, encode16("ab\n", false)...)
	in = append(in, 0x00, 0xD8, 'x', 0, 0x00, 0xDC, '\n', 0, 'e', 0, 0x3D, 0xD8)
	m := mustCompile(t, Pattern{"any", `x|e`})
	got, stats := scanAll(t, m, bytes.NewReader(append(in, 7)), Options{})
	if len(got) != 2 || got[0].text != "�x�" || got[1].text != "e��" || got[1].offset != 16 {
		t.Errorf("got %+v", got)
	}
	if stats.BadBytes != 4 {
		t.Errorf("bad units: got %d, want 4", stats.BadBytes)
	}
}

func TestScanCutsLongLines(t *testing.T) {
	long := strings.Repeat("a", 70) + "0x800f0821" + strings.Repeat("ü", 500)
	log := "0x800f0821 A\n" + long + "\n2023-05-17 08:24:10 0x800f0821 B\n" + strings.Repeat("-", 300) + "0x800f0821\nC 0x800f0821"
	for _, block := range []int{102, 131, 400, 4096} {
		got, stats := scanAll(t, mustCompile(t, servicing...), strings.NewReader(log), Options{block: block, maxLine: 100, Stamp: stamp})
		var lines []string
		for _, g := range got {
			lines = append(lines, fmt.Sprintf("%d@%d%s", g.line, g.offset, g.time))
		}
		b := len("0x800f0821 A\n" + long + "\n")
		want := fmt.Sprintf("1@0 2@13 cut 3@%d2023-05-17 08:24:10 5@%d^2023-05-17 08:24:10", b, strings.LastIndex(log, "C 0x"))
		if strings.Join(lines, " ") != want {
			t.Errorf("block %d: got %q, want %q", block, lines, want)
		}
		if stats.LinesCut != 2 || stats.Lines != 5 || stats.BadBytes != 0 {
			t.Errorf("block %d: stats %+v", block, stats)
		}
	}
}

func TestScanHoldsLittleOfAHugeLine(t *testing.T) {
	r := io.MultiReader(io.LimitReader(zeros{}, 100<<20), strings.NewReader("\n0x800f0821"))
	m := mustCompile(t, servicing...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, stats := scanAll(t, m, r, Options{})
	runtime.ReadMemStats(&after)
	if len(got) != 1 || got[0].offset != 100<<20+1 || stats.LinesCut != 1 {
		t.Errorf("got %v, stats %+v", got, stats)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4<<20 {
		t.Errorf("allocated %d bytes", allocated)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'z'
	}
	return len(p), nil
}

func TestMatchTextIsBoundedAroundTheMatch(t *testing.T) {
	m := mustCompile(t, Pattern{"p", `code=(?P<code>\w+)(?P<none>!)?(x)?`})
	_, err := m.Scan(context.Background(), strings.NewReader(strings.Repeat("ü", 300)+" code=abcdef"+strings.Repeat("y", 300)), Options{},
		func(m *Match) error {
			text, cut := m.Text(100)
			if !cut || !strings.Contains(text, "code=abcdef") || len(text) > 100 || !utf8.ValidString(text) {
				t.Errorf("text %q, cut %v", text, cut)
			}
			if g, ok := m.Group(1, 3); g != "abc" || !ok {
				t.Errorf("group 1: %q, %v", g, ok)
			}
			if _, ok := m.Group(3, 3); ok || m.Groups() != 3 {
				t.Errorf("group 3 took no part")
			}
			if named := m.Named(4); len(named) != 1 || named["code"] != "abcd" {
				t.Errorf("named: %v", named)
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
}

func TestScanEnds(t *testing.T) {
	m := mustCompile(t, Pattern{"any", `x`})
	broken := errors.New("disk gone")
	n := 0
	count := func(*Match) error { n++; return nil }
	if _, err := m.Scan(context.Background(), io.MultiReader(strings.NewReader("x\nx\n"), iotest.ErrReader(broken)), Options{}, count); err != broken || n != 2 {
		t.Errorf("broken reader: %d matches, error %v", n, err)
	}
	if _, err := m.Scan(context.Background(), strings.NewReader("x\nx\n"), Options{}, func(*Match) error { return ErrStop }); err != nil {
		t.Errorf("stop: %v", err)
	}
	if _, err := m.Scan(context.Background(), strings.NewReader("x\nx\n"), Options{}, func(*Match) error { return broken }); err != broken {
		t.Errorf("callback: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Scan(ctx, strings.NewReader("x"), Options{}, count); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCompileNamesTheMistake(t *testing.T) {
	for name, c := range map[string]struct {
		expr   string
		offset int
	}{
		"bad-class":     {`abc[z-a]`, 4},
		"missing-paren": {`abc(d`, 5},
		"look-ahead":    {`abc(?=d)`, 3},
		"repeat":        {`ab**`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile([]Pattern{{"ok", "a"}, {"wrong", c.expr}})
			var bad *PatternError
			if !errors.As(err, &bad) || bad.Index != 1 || bad.Name != "wrong" || bad.Offset != c.offset {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// TestScanAgreesWithMatchingEveryLine compares with the plain way on made-up logs of few different words.
func TestScanAgreesWithMatchingEveryLine(t *testing.T) {
	words := []string{"0x800f0821", "0X800F0831", "manifest", "missing", "for", "package", " ", " ", "\r\n", "\n", "ſ", "K", "ü", "\xff", "a", "0x8", "00f"}
	rng := rand.New(rand.NewPCG(1, 2))
	patterns := append([]Pattern{
		{"class", `0x8(00f|007)[0-9a-f]{4}`}, {"fold", `(?i)manifest ?missing`}, {"none", `a.K`}, {"rep", `(?:for){2,3}pack`},
		{"opt", `(?:package)?manifest(?i:S)?`}, {"ends", `^manifest|package$`}, {"plus", `(missing)+`}, {"star", `(missing)*f`},
	}, servicing...)
	m := mustCompile(t, patterns...)
	for range 300 {
		var b strings.Builder
		for range rng.IntN(120) {
			b.WriteString(words[rng.IntN(len(words))])
		}
		for _, subset := range []*Matcher{m, mustCompile(t, servicing...)} {
			got, stats := scanAll(t, subset, strings.NewReader(b.String()), Options{block: 200, maxLine: 190})
			want, cut := everyLine(subset, b.String(), 190)
			if fmt.Sprint(got) != fmt.Sprint(want) || stats.LinesCut != cut {
				t.Fatalf("log %q\n got %+v\nwant %+v", b.String(), got, want)
			}
		}
	}
}

func everyLine(m *Matcher, log string, maxLine int) (out []seen, cut int64) {
	offset := 0
	for i, line := range strings.SplitAfter(log, "\n") {
		raw, at := []byte(strings.TrimSuffix(line, "\n")), ""
		if len(raw) > maxLine {
			raw, at = wholeRunes(raw[:maxLine]), " cut"
			cut++
		} else {
			raw = bytes.TrimSuffix(raw, []byte("\r"))
		}
		text := appendText(nil, raw)
		for _, p := range m.patterns {
			if regexp.MustCompile(p.re.String()).Match(text) {
				out = append(out, seen{p.name, int64(i + 1), int64(offset), string(text), at})
			}
		}
		offset += len(line)
	}
	return out, cut
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("2023-05-17 08:24:09 0x800f0821\r\nx\n"), uint8(0))
	f.Add(encode16("2023-05-17 08:24:09 0x800f0821\nx", false), uint8(3))
	f.Add([]byte("\xfe\xff\x00a\xd8\x00\x00\n\x00"), uint8(9))
	m := mustCompile(f, append([]Pattern{{"every", `.`}}, servicing...)...)
	f.Fuzz(func(t *testing.T, in []byte, size uint8) {
		lines := int64(0)
		stats, err := m.Scan(context.Background(), bytes.NewReader(in), Options{Stamp: stamp, block: 64 + int(size), maxLine: 40}, func(m *Match) error {
			if text, _ := m.Text(20); !utf8.ValidString(text) || len(text) > 20 {
				t.Errorf("text %q", text)
			}
			if m.Line < lines || m.Offset < 0 || m.Offset > int64(len(in)) {
				t.Errorf("line %d after %d, offset %d of %d", m.Line, lines, m.Offset, len(in))
			}
			lines = m.Line
			return nil
		})
		if err != nil || stats.Bytes != int64(len(in)) || stats.Lines < lines {
			t.Errorf("stats %+v, error %v", stats, err)
		}
	})
}

// TestScanCutOff makes sure that an input which says that it was cut off is not taken for one that ended.
func TestScanCutOff(t *testing.T) {
	m, err := Compile([]Pattern{{Name: "x", Expr: "x"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, length := range map[string]int{"at-once": 0, "in-the-head": 100, "later": 10 << 20} {
		t.Run(name, func(t *testing.T) {
			cut := io.MultiReader(strings.NewReader(strings.Repeat("y\n", length/2)), cutOff{})
			if _, err := m.Scan(context.Background(), cut, Options{}, func(*Match) error { return nil }); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %v, want io.ErrUnexpectedEOF", err)
			}
		})
	}
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
