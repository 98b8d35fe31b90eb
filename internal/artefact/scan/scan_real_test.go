package scan_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/cbs"
	"github.com/rectify-project/rectify/internal/artefact/scan"
)

func TestRealServicingLogs(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "..", "shared", "corpus", "cbs")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the corpus of real Windows logs is not beside this checkout")
	}
	m, err := scan.Compile([]scan.Pattern{
		{Name: "stop", Expr: `Trusted Installer is shutting down because: SHUTDOWN_REASON_(?P<why>AUTOSTOP|NOTIFICATION:(?:STOP|SHUTDOWN|PRESHUTDOWN))`},
		{Name: "anchor", Expr: cbs.AnchorPattern},
	})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"Appostarsi__CBS.log": "AUTOSTOP 3, NOTIFICATION:PRESHUTDOWN 3, anchors 65, lines 13770, stopped by a shutdown at [08:47:36 08:57:08 09:01:13]",
		"jtmoon79__CBS.log":   "AUTOSTOP 2, NOTIFICATION:PRESHUTDOWN 0, anchors 4, lines 159, stopped by a shutdown at []",
	} {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		why, anchors, stopped := map[string]int{}, 0, []string{}
		stats, err := m.Scan(context.Background(), f, scan.Options{Stamp: cbs.Stamp}, func(m *scan.Match) error {
			if m.Name == "anchor" {
				anchors++
				return nil
			}
			reason, _ := m.Group(1, 100)
			why[reason]++
			if !m.Timed || m.Inherited {
				t.Errorf("%s:%d: no time", file, m.Line)
			}
			if reason != "AUTOSTOP" {
				stopped = append(stopped, m.Time.Format("15:04:05"))
			}
			return nil
		})
		got := fmt.Sprintf("AUTOSTOP %d, NOTIFICATION:PRESHUTDOWN %d, anchors %d, lines %d, stopped by a shutdown at %v",
			why["AUTOSTOP"], why["NOTIFICATION:PRESHUTDOWN"], anchors, stats.Lines, stopped)
		if err != nil || got != want || stats.BadBytes != 0 || stats.First.After(stats.Last) {
			t.Errorf("%s: got %s (%+v, %v), want %s", file, got, stats, err, want)
		}
	}
}
