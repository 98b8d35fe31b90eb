package host

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for name, x := range map[string]struct {
		writes []string
		want   []string
	}{
		"one":            {[]string{"a\n"}, []string{"a"}},
		"in-pieces":      {[]string{"a", "b\nc", "\n"}, []string{"ab", "c"}},
		"crlf":           {[]string{"a\r\nb\r\n"}, []string{"a", "b"}},
		"no-end":         {[]string{"a\nb"}, []string{"a", "b"}},
		"empty":          {[]string{"\n\n"}, []string{"", ""}},
		"too-long":       {[]string{long + "yyy", "zzz\nb\n"}, []string{long, "b"}},
		"exactly-as-may": {[]string{long, "\n", "b\n"}, []string{long, "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			w := &lineWriter{emit: func(s string) { got = append(got, s) }}
			for _, s := range x.writes {
				if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
					t.Fatalf("wrote %d, %v", n, err)
				}
			}
			w.end()
			if strings.Join(got, "|") != strings.Join(x.want, "|") {
				t.Errorf("got %d lines, want %d", len(got), len(x.want))
			}
		})
	}
}

func TestTalk(t *testing.T) {
	for name, x := range map[string]struct{ line, want string }{
		"hclog":         {`{"@level":"warn","@message":"m","@timestamp":"t","n":5}`, `{"level":"warn","n":5,"message":"m"}`},
		"wrong-types":   {`{"@message": 5, "@level": {}, "@timestamp": []}`, `{"level":"debug","message":"5"}`},
		"zerolog":       {`{"level":"error","message":"m"}`, `{"level":"error","message":"m"}`},
		"slog":          {`{"time":"t","level":"INFO","msg":"m"}`, `{"level":"info","message":"m"}`},
		"fatal":         {`{"level":"fatal","message":"m"}`, `{"level":"error","message":"m"}`},
		"other-json":    {`{"a":1}`, `{"level":"debug","message":"{\"a\":1}"}`},
		"broken-json":   {`{"a":`, `{"level":"debug","message":"{\"a\":"}`},
		"prefixed":      {`[WARN] careful`, `{"level":"warn","message":"careful"}`},
		"other-bracket": {`[core] text`, `{"level":"debug","message":"[core] text"}`},
		"panic":         {`panic: oh`, `{"level":"error","message":"panic: oh"}`},
		"plain":         {`text`, `{"level":"debug","message":"text"}`},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			(&talk{log: zerolog.New(&log), words: &lastWords{}}).line(x.line)
			if got := strings.TrimSpace(log.String()); got != x.want {
				t.Errorf("got %s, want %s", got, x.want)
			}
		})
	}
}

func TestTalkIsBounded(t *testing.T) {
	var log bytes.Buffer
	words := &lastWords{}
	talk := &talk{log: zerolog.New(&log), words: words}
	for range 3 * maxForwarded {
		talk.line("again")
	}
	if n := strings.Count(log.String(), "\n"); n != maxForwarded+1 || !strings.Contains(log.String(), "the rest is left out") {
		t.Errorf("%d lines in the log", n)
	}
	if n := len(words.get()); n != maxWords {
		t.Errorf("%d last words", n)
	}
}

func FuzzTalk(f *testing.F) {
	f.Add([]byte("{\"@message\": 5}\npanic: x\n[WARN] y"))
	f.Add([]byte("{\"@message\": null, \"@level\": [1]}\r\n\xff\xfe"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		words := &lastWords{}
		talk := &talk{log: zerolog.Nop(), words: words}
		w := &lineWriter{emit: talk.line}
		if n, err := w.Write(raw); n != len(raw) || err != nil {
			t.Fatalf("wrote %d of %d, %v", n, len(raw), err)
		}
		w.end()
		if len(words.get()) > maxWords {
			t.Errorf("%d last words", len(words.get()))
		}
	})
}
