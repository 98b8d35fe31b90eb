package log

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// TestSearchOfThisMachine searches logs of the running system: one that is written to meanwhile, and one that nobody else may
// read.
func TestSearchOfThisMachine(t *testing.T) {
	live, err := target.Open(target.Spec{Kind: target.Live, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	folder := filepath.Join(os.Getenv("SystemRoot"), "Logs", "RectifyTest")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	cbs := filepath.Join(folder, "CBS.log")
	writer, err := os.Create(cbs) // open as servicing has it, which lets others read
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.WriteString(anchored); err != nil {
		t.Fatal(err)
	}
	in := SearchInput{
		Files:    []schema.TargetPath{`%SYSTEMROOT%\logs\rectifytest\*`},
		Patterns: map[string]schema.Regexp{"alpha": "alpha", "none": "never there"},
		Windows:  []sdk.Window{window("2026-01-10 09:00:30", "2026-01-10 09:02:00")},
	}
	out, answer, err := observe(t, &sdk.Call{Target: live}, in)
	if err != nil || out.Patterns["alpha"].Count != 1 || out.Patterns["none"].Count != 0 || answer.Partial != "" || out.TimeZone != "anchors in the log" {
		t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	if len(answer.Evidence) != 1 || !strings.EqualFold(answer.Evidence[0].File, cbs) || answer.Evidence[0].Line != 2 {
		t.Errorf("evidence %+v", answer.Evidence)
	}
	other := filepath.Join(folder, "CbsPersist_1.log")
	if err := os.WriteFile(other, []byte(anchored), 0o666); err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(other)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(alone)
	out, answer, err = observe(t, &sdk.Call{Target: live}, in)
	if err != nil || out.Patterns["alpha"].Count != 1 || !strings.Contains(answer.Partial, `CbsPersist_1.log: another program has it open and lets nobody else read it`) {
		t.Errorf("%v, partial %q: %s", err, answer.Partial, answer.Value)
	}
	in.Files = []schema.TargetPath{schema.TargetPath(other)}
	if _, _, err := observe(t, &sdk.Call{Target: live}, in); sdk.AsError(err).Code != sdk.Unavailable || !strings.Contains(err.Error(), "another program has it open") {
		t.Errorf("only one that nobody may read: %v", err)
	}
	verification.Shown(t, "logs below %SystemRoot% of a running Windows are searched while they are written, and one that is locked makes the answer partial", "log.search")
	verification.ShownByFake(t, "logs that the tests have written are searched as on a disk", "log.search")
}
