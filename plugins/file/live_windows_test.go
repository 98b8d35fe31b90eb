package file

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/holders"
	"github.com/rectify-project/rectify/internal/machine/holders/fakeholders"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

var live = target.Spec{Kind: target.Live}

// liveFolder lays a folder out as layOut does, and gives its path, as Windows writes it.
func liveFolder(t testing.TB, names ...string) string {
	t.Helper()
	return layOut(t, names...).Root
}

func in(folder, name string) schema.TargetPath { return schema.TargetPath(filepath.Join(folder, name)) }

// The actions keep their promises on the running Windows too.
func TestLiveActions(t *testing.T) {
	pack := string(cabinet(t, update...))
	disk := []string{`SoftwareDistribution/Download/x`, `SoftwareDistribution/ReportingEvents.log`, "a.log = text", "same = text", "to/", "u.msu = " + pack}
	for name, c := range map[string]struct {
		action  string
		input   func(folder string) any
		noop    bool
		refuses sdk.ErrorCode
	}{
		"rename-folder": {action: "rename", input: func(f string) any {
			return RenameInput{Path: in(f, `softwaredistribution`), To: "SoftwareDistribution.old", Recreated: setAside}
		}},
		"rename-nothing": {action: "rename", input: func(f string) any { return RenameInput{Path: in(f, "none"), To: "b"} }, noop: true},
		"rename-onto":    {action: "rename", input: func(f string) any { return RenameInput{Path: in(f, "a.log"), To: "SAME"} }, refuses: sdk.InvalidInput},
		"copy":           {action: "copy", input: func(f string) any { return CopyInput{Path: in(f, "A.LOG"), To: in(f, `to\b`)} }},
		"copy-again":     {action: "copy", input: func(f string) any { return CopyInput{Path: in(f, "a.log"), To: in(f, "same")} }, noop: true},
		"copy-onto":      {action: "copy", input: func(f string) any { return CopyInput{Path: in(f, "a.log"), To: in(f, "u.msu")} }, refuses: sdk.InvalidInput},
		"copy-to-device": {action: "copy", input: func(f string) any { return CopyInput{Path: in(f, "a.log"), To: in(f, "nul")} }, refuses: sdk.InvalidInput},
		"expand":         {action: "expand", input: func(f string) any { return ExpandInput{Path: in(f, "u.msu"), Members: "y.txt"} }},
		"expand-text":    {action: "expand", input: func(f string) any { return ExpandInput{Path: in(f, "a.log")} }, refuses: sdk.Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene := func(t testing.TB) plugintest.Scene {
				folder := liveFolder(t, disk...)
				return plugintest.Scene{Target: live, Folder: folder, Input: c.input(folder)}
			}
			plugintest.Action(t, Plugin(), plugintest.ActionCase{Action: c.action, Scene: scene, NoOp: c.noop, Refuses: c.refuses})
			if !c.noop && c.refuses == "" {
				verification.Shown(t, "done, done twice, undone and crashed in a folder of the running machine, read back each time", "file."+c.action)
			}
		})
	}
}

func TestLiveStat(t *testing.T) {
	folder := liveFolder(t, "logs/CBS.log = 12345", "logs/deep/x")
	for name, c := range map[string]struct {
		path  schema.TargetPath
		count int
		size  schema.Bytes
		first schema.TargetPath
	}{
		"file":    {in(folder, `LOGS\cbs.LOG`), 1, 5, in(folder, `logs\CBS.log`)},
		"folder":  {in(folder, `logs`), 1, 0, in(folder, `logs`)},
		"all":     {in(folder, `logs\*`), 2, 5, in(folder, `logs\CBS.log`)},
		"nothing": {in(folder, `none\x`), 0, 0, ""},
		"windows": {`%SystemRoot%\System32\kernel32.dll`, 1, -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := plugintest.Serve(t, Plugin()).Observe("stat", live, StatInput{c.path})
			if err != nil {
				t.Fatal(err)
			}
			var out StatOutput
			if err := json.Unmarshal(a.Value, &out); err != nil {
				t.Fatal(err)
			}
			if out.Exists != (c.count > 0) || out.Count != c.count || c.size >= 0 && out.Size != c.size || c.first != "" && out.Paths[0].Path != c.first || a.Partial != "" {
				t.Errorf("got %s, partial %q", a.Value, a.Partial)
			}
			verification.Shown(t, "files, folders and what is not there told apart in a folder of the running machine", "file.stat")
		})
	}
}

// holdVariable names the file that the second process of the test opens without sharing, until its stdin ends.
const holdVariable = "FILE_TEST_HOLD"

func TestHold(t *testing.T) {
	path := os.Getenv(holdVariable)
	if path == "" {
		t.Skip("run by TestHeldFile in a process of its own")
	}
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(p, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := windows.CloseHandle(h); err != nil {
		t.Fatal(err)
	}
}

// hold lets a second process hold a file until the function that it gives is called.
func hold(t *testing.T, path string) (process int, release func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHold$")
	cmd.Env = append(os.Environ(), holdVariable+"="+path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "held" {
		t.Log(lines.Text())
	}
	if lines.Text() != "held" {
		t.Fatalf("the second process does not hold %s", path)
	}
	released := false
	release = func() {
		if released {
			return
		}
		released = true
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the second process: %v", err)
		}
	}
	t.Cleanup(release)
	return cmd.Process.Pid, release
}

// renameHeld prepares and applies a rename below a folder in which a file is held. What is reported goes to report too.
func renameHeld(t *testing.T, folder, path, to string, asker holders.Asker, report func(string)) error {
	t.Helper()
	on, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	action := rename(mover{asker})
	input, err := json.Marshal(RenameInput{Path: in(folder, path), To: to})
	if err != nil {
		t.Fatal(err)
	}
	p, err := action.Prepare(t.Context(), &sdk.Call{Target: on}, input)
	if err != nil {
		t.Fatal(err)
	}
	_, err = action.Apply(t.Context(), &sdk.Call{Target: on, Report: func(p sdk.Progress) { report(p.Note) }}, input, p.Token, t.TempDir())
	return err
}

// A file that another process has open without sharing is not renamed; the error says so and who holds it.
func TestHeldFile(t *testing.T) {
	t.Parallel()
	folder := liveFolder(t, "x = text")
	process, _ := hold(t, filepath.Join(folder, "x"))
	asker := fakeholders.Asker{Of: map[string][]holders.Holder{strings.ToLower(string(in(folder, "x"))): {{Process: uint32(process), Name: "the test"}}}}
	waited := 0
	err := renameHeld(t, folder, "x", "y", asker, func(note string) {
		if strings.HasPrefix(note, "waiting until nobody has") {
			waited++
		}
	})
	want := fmt.Sprintf("open by the test (process %d)", process)
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || e.Hint == "" || !strings.Contains(e.Message, "is in use") || !strings.Contains(e.Message, want) {
		t.Errorf("got %v, want %s, in use, %q", err, sdk.Unavailable, want)
	}
	if waited != len(waits()) {
		t.Errorf("waited %d times, want %d", waited, len(waits()))
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 || entries[0].Name() != "x" {
		t.Errorf("there is %v, %v", entries, err)
	}
	verification.Shown(t, "a file that another process holds open is not renamed, and told as in use", "file.rename")
}

func TestHeldFileIsReleased(t *testing.T) {
	t.Parallel()
	folder := liveFolder(t, "x = text")
	_, release := hold(t, filepath.Join(folder, "x"))
	err := renameHeld(t, folder, "x", "y", holders.Live(), func(note string) {
		if strings.HasPrefix(note, "waiting until nobody has") {
			release()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := listing(t, folder); !slices.Equal(got, []string{"y = text"}) {
		t.Errorf("there is %q", got)
	}
	verification.Shown(t, "a file that is released while it is waited for is renamed", "file.rename")
}

// Windows renames no folder in which something is open, Wine does: either way it is told as it is.
func TestFolderWithAHeldFile(t *testing.T) {
	t.Parallel()
	folder := liveFolder(t, "w/x = text")
	_, release := hold(t, filepath.Join(folder, "w", "x"))
	err := renameHeld(t, folder, "w", "v", holders.Live(), func(string) {})
	release()
	want := []string{"v/", "v/x = text"}
	if err != nil {
		want = []string{"w/", "w/x = text"}
		if e := sdk.AsError(err); e.Code != sdk.Unavailable || !strings.Contains(e.Message, "is in use") {
			t.Errorf("got %v, want %s, in use", err, sdk.Unavailable)
		}
	}
	if got := listing(t, folder); !slices.Equal(got, want) {
		t.Errorf("there is %q, want %q (%v)", got, want, err)
	}
	t.Logf("the rename: %v", err)
}

// What holds a source open is told of as well.
func TestCopyOfAHeldFile(t *testing.T) {
	t.Parallel()
	folder := liveFolder(t, "x = text")
	hold(t, filepath.Join(folder, "x"))
	_, err := plugintest.Serve(t, Plugin()).Prepare("copy", live, CopyInput{Path: in(folder, "x"), To: in(folder, "y")})
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || e.Path != "/path" || !strings.Contains(e.Message, "is in use") {
		t.Errorf("got %v", err)
	}
}

// Restart Manager may name nobody, and may not be there.
func TestWhoHoldsIsNotKnown(t *testing.T) {
	on, err := target.Open(live)
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	path := string(in(liveFolder(t, "x"), "x"))
	for name, c := range map[string]struct {
		asker holders.Asker
		says  string
	}{
		"nobody":  {fakeholders.Asker{}, "Windows names nobody"},
		"failing": {fakeholders.Asker{Err: errors.New("no Restart Manager")}, "could not be told: no Restart Manager"},
	} {
		t.Run(name, func(t *testing.T) {
			err := mover{c.asker}.named(t.Context(), &sdk.Call{Target: on}, path, target.ErrInUse)
			if !errors.Is(err, target.ErrInUse) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want one that says %q", err, c.says)
			}
		})
	}
}
