package log

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/sdk/schema"
)

// TestCorpus searches real servicing logs of other people, where they are at hand. The numbers were counted with grep.
func TestCorpus(t *testing.T) {
	corpus := filepath.Join("..", "..", "..", "shared", "corpus", "cbs")
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("the corpus of real logs is not here: %v", err)
	}
	tests := map[string]struct {
		autostop, preshutdown int
		lines                 int64
		zone                  string
	}{
		"Appostarsi__CBS.log":        {3, 3, 13770, "anchors in the log"},
		"Appostarsi__CBS_Win_10.log": {4, 0, 6581, "anchors in the log"},
		"EhsanHasani1380__CBS.log":   {27, 0, 12484, "anchors in the log"},
		"Jrose152__CBS.log":          {2, 0, 1105, "anchors in the log"},
		"SolsticeProjekt__CBS.log":   {10, 0, 9549, "anchors in the log"},
		"eyeofparadox__CBS.log":      {0, 0, 20857, "anchors in the log"},
		"hofcake__CBS.log":           {1, 0, 1668, "anchors in the log"},
		"jtmoon79__CBS.log":          {2, 0, 159, "anchors in the log"},
		"logpai__Windows_2k.log":     {0, 0, 2000, "anchors in the log"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			call := offline(t, map[string]string{"Windows/Logs/CBS/CBS.log": string(text)})
			out, a, err := observe(t, call, SearchInput{
				Files: []schema.TargetPath{cbsLog},
				Patterns: map[string]schema.Regexp{
					"autostop":    "shutting down because: SHUTDOWN_REASON_AUTOSTOP",
					"preshutdown": "shutting down because: SHUTDOWN_REASON_NOTIFICATION:PRESHUTDOWN",
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if a.Partial != "" {
				t.Errorf("partial: %s", a.Partial)
			}
			if n := out.Patterns["autostop"].Count; n != test.autostop {
				t.Errorf("%d idle stops, want %d", n, test.autostop)
			}
			if n := out.Patterns["preshutdown"].Count; n != test.preshutdown {
				t.Errorf("%d shutdowns, want %d", n, test.preshutdown)
			}
			if n := *out.Files[0].Lines; n != test.lines {
				t.Errorf("%d lines, want %d", n, test.lines)
			}
			if out.TimeZone != test.zone {
				t.Errorf("zone %q, want %q", out.TimeZone, test.zone)
			}
			t.Log(out.Files[0].First, out.Files[0].Last)
		})
	}
}
