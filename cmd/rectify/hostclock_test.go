package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clockAhead is how far the clock of the other host is ahead.
const clockAhead = 10 * 365 * 24 * time.Hour

// builtAhead is the program on a host whose clock is ahead: the clock is in Go's own package time, which every process
// of the program has, plugins included.
func builtAhead(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	clock := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(clock)
	if err != nil {
		t.Skipf("the source of Go's clock is not there: %v", err)
	}
	const now = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	ahead := strings.Replace(string(source), now, now+"\tsec += 10 * 365 * 24 * 60 * 60\n", 1)
	if ahead == string(source) {
		t.Fatalf("%s does not begin Now as this test expects: %q", clock, now)
	}
	dir := t.TempDir()
	patched, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	table, err := json.Marshal(map[string]any{"Replace": map[string]string{clock: patched}})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{patched: ahead, overlay: string(table)} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return built(t, "-overlay", overlay)
}

// recorded reads a bundle without the time at which it was recorded, and gives that time.
func recorded(t *testing.T, path string) (rest string, at time.Time) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		Recorded time.Time `json:"recorded"`
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	line := `"recorded": "` + b.Recorded.Format(time.RFC3339Nano) + `"`
	if strings.Count(string(data), line) != 1 {
		t.Fatalf("%s does not hold %s once", path, line)
	}
	return strings.Replace(string(data), line, "", 1), b.Recorded
}

// TestHostClock holds that what is said of a disk does not change with the clock of the machine that looks at it.
func TestHostClock(t *testing.T) {
	if testing.Short() {
		t.Skip("the program is built with another clock, which takes a minute: not with -short")
	}
	hosts := map[string]string{"on-time": built(t), "ahead": builtAhead(t)}
	for _, disk := range sampleDisks(t) {
		t.Run(filepath.Base(disk), func(t *testing.T) {
			for name, args := range map[string][]string{
				"text": {"diagnose", "0x8024001E", "--root", disk},
				"json": {"diagnose", "0x8024001E", "--root", disk, "--format", "json"},
			} {
				want, got := rectifyOK(t, hosts["on-time"], args...), rectifyOK(t, hosts["ahead"], args...)
				if got != want || got == "" {
					t.Errorf("%s, with the clock ahead:\n%s\non time:\n%s", name, got, want)
				}
			}
			bundles, times := map[string]string{}, map[string]time.Time{}
			for name, program := range hosts {
				file := filepath.Join(t.TempDir(), name+".json")
				rectifyOK(t, program, "record", "0x8024001E", "--root", disk, "-o", file)
				bundles[name], times[name] = recorded(t, file)
			}
			if ahead := times["ahead"].Sub(times["on-time"]); (ahead - clockAhead).Abs() > 10*time.Minute {
				t.Fatalf("the clock is %s ahead, want %s", ahead, clockAhead)
			}
			if bundles["ahead"] != bundles["on-time"] {
				t.Errorf("the bundles differ: %s\non time: %s", bundles["ahead"], bundles["on-time"])
			}
		})
	}
}
