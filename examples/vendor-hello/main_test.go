package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

var live = target.Spec{Kind: target.Live}

func TestConform(t *testing.T) { plugintest.Conform(t, hello()) }

func TestGreet(t *testing.T) {
	client := plugintest.Serve(t, hello())
	answer, err := client.Observe("greet", live, map[string]any{"name": "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(answer.Value), `{"text":"Hello, Ada!","length":11,`) {
		t.Errorf("answer %s", answer.Value)
	}
	if len(answer.Evidence) != 3 || answer.Evidence[2].Pointer != "/languages/2" {
		t.Errorf("evidence %+v", answer.Evidence)
	}
	if _, err := client.Observe("greet", live, map[string]any{"name": "Ada", "language": "xx"}); sdk.AsError(err).Path != "/language" {
		t.Errorf("a language that is none: %v", err)
	}
}

// What every action promises, of a note where there is none, where there is one, and where it says the same.
func TestNote(t *testing.T) {
	for name, c := range map[string]struct {
		old     string
		folder  string
		noop    bool
		refuses sdk.ErrorCode
	}{
		"nothing-there":   {},
		"something-there": {old: "old text"},
		"the-same-there":  {old: "be well", noop: true},
		"no-folder":       {folder: "missing", refuses: sdk.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			plugintest.Action(t, hello(), plugintest.ActionCase{
				Action: "note",
				Scene: func(t testing.TB) plugintest.Scene {
					folder := t.TempDir()
					if c.old != "" {
						if err := os.WriteFile(filepath.Join(folder, "hello.txt"), []byte(c.old), 0o600); err != nil {
							t.Fatal(err)
						}
					}
					return plugintest.Scene{Target: live, Folder: folder, Input: map[string]any{"folder": filepath.Join(folder, c.folder), "text": "be well"}}
				},
				NoOp:    c.noop,
				Refuses: c.refuses,
			})
		})
	}
}

// What somebody else has written since is not lost.
func TestNoteOfSomebodyElse(t *testing.T) {
	client, folder, state := plugintest.Serve(t, hello()), t.TempDir(), t.TempDir()
	input := map[string]any{"folder": folder, "text": "be well"}
	p, err := client.Prepare("note", live, input)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Apply("note", live, input, p.Token, state); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "hello.txt")
	if err := os.WriteFile(file, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := client.Assess("note", live, p.Token, state); err != nil || a.State != sdk.StateOther {
		t.Errorf("state %q (%s), %v, want %q", a.State, a.Reason, err, sdk.StateOther)
	}
	if _, err := client.Undo("note", live, p.Token, state); err == nil {
		t.Error("undo takes back what somebody else has written")
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != "theirs" {
		t.Errorf("the note is %q, %v", have, err)
	}
}

const installed = "rectify-plugin-hello"

// TestMain lets a copy of the test be the plugin, by its name.
func TestMain(m *testing.M) {
	if strings.HasPrefix(filepath.Base(os.Args[0]), installed) {
		main()
		return
	}
	os.Exit(m.Run())
}

// build makes the executable. Where there is no Go, on a machine that the test was only copied to, the test stands in for it.
func build(t *testing.T, path string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err == nil {
		if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	self, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(path, self, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The executable as an operator installs it: built, pinned, and called in a process of its own.
func TestInstalled(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, installed)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	build(t, path)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Run("by hand", func(t *testing.T) {
		out, err := exec.Command(path).CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 2 || strings.Count(string(out), "\n") != 2 || !strings.Contains(string(out), "hello 1.0.0 is a plugin of Rectify") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	binary, err := trust.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	lock := &trust.Lock{}
	open := func() *host.Host {
		h, err := host.New(host.Options{VendorDir: dir, Lock: lock, CacheDir: filepath.Join(dir, "cache")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		return h
	}
	t.Run("refused", func(t *testing.T) {
		_, err := open().Observe(t.Context(), "hello.greet", live, map[string]any{"name": "Ada"}, host.Events{})
		if err == nil || !strings.Contains(err.Error(), "rectify plugins lock --plugins "+dir) {
			t.Errorf("a plugin that nobody pinned: %v", err)
		}
	})
	lock.Pin(trust.Pin{Name: "hello", Version: "1.0.0", Platform: trust.Platform(), SHA256: binary.SHA256})
	t.Run("greets", func(t *testing.T) {
		a, err := open().Observe(t.Context(), "hello.greet", live, map[string]any{"name": "Ada", "language": "fr"}, host.Events{})
		if err != nil {
			t.Fatal(err)
		}
		if a.Value["text"] != "Bonjour, Ada !" || a.Value["length"] != int64(14) || len(a.Evidence) != 3 {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("notes", func(t *testing.T) {
		h, folder, state := open(), t.TempDir(), t.TempDir()
		input := map[string]any{"folder": folder, "text": "be well"}
		p, err := h.Prepare(t.Context(), "hello.note", live, input)
		if err != nil {
			t.Fatal(err)
		}
		if p.NoOp || p.Predicted["bytes"] != int64(7) {
			t.Errorf("prepared %+v", p)
		}
		a, err := h.Apply(t.Context(), "hello.note", live, input, p.Token, state, host.Events{})
		if err != nil || a.Output["bytes"] != int64(7) {
			t.Fatalf("applied %+v, %v", a, err)
		}
		if again, err := h.Prepare(t.Context(), "hello.note", live, input); err != nil || !again.NoOp {
			t.Errorf("prepared again: %+v, %v", again, err)
		}
		if _, err := h.Undo(t.Context(), "hello.note", live, p.Token, state, host.Events{}); err != nil {
			t.Fatal(err)
		}
		if s, err := h.Assess(t.Context(), "hello.note", live, p.Token, state); err != nil || s.State != sdk.StateBefore {
			t.Errorf("assessed %+v, %v", s, err)
		}
	})
}
