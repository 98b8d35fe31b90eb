package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance/conformtest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "wait-as-a-worker" {
		time.Sleep(10 * time.Second)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestSuiteLive(t *testing.T) { conformtest.Run(t, Suite(System()), nil) }

// TestPlanted holds that a program of the same name in PATH or in the current folder is never run.
func TestPlanted(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "planted.exe"), []byte("MZ"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	t.Chdir(folder)
	if _, err := System().Run(t.Context(), Program{Name: "planted"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestContextEndsAProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := System().Run(ctx, Program{Name: "cmd", Args: []string{"/d", "/c", "pause"}, Started: func(Process) { cancel() }})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "output.txt")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it goes on all the same
	var started Process
	r, err := System().Run(ctx, Program{Name: "cmd", Args: []string{"/d", "/c", "echo", "said"}, OutputFile: path, Started: func(p Process) { started = p }})
	if err != nil || strings.TrimSpace(r.Output) != "said" {
		t.Errorf("got %+v, %v", r, err)
	}
	if text, err := os.ReadFile(path); err != nil || strings.TrimSpace(Decode(text)) != "said" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if started.ID == 0 || started.Created.IsZero() {
		t.Errorf("it was started as %+v", started)
	}
	if at, err := Running(started); at || err != nil {
		t.Errorf("it has ended, and is said to run: %v, %v", at, err)
	}
}

func TestRunning(t *testing.T) {
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	if at, err := Running(self); !at || err != nil {
		t.Errorf("this process runs: %v, %v", at, err)
	}
	other := self
	other.Created = self.Created.Add(-time.Second)
	if at, err := Running(other); at || err != nil {
		t.Errorf("a process that had this number before runs: %v, %v", at, err)
	}
	if at, err := Running(Process{}); at || err != nil {
		t.Errorf("no process runs: %v, %v", at, err)
	}
}

func TestSpawn(t *testing.T) {
	p, err := Spawn([]string{"wait-as-a-worker"}, filepath.Join(t.TempDir(), "worker.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if at, err := Running(p); !at || err != nil {
		t.Errorf("the worker runs: %v, %v", at, err)
	}
	process, err := os.FindProcess(int(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := process.Wait(); err != nil {
		t.Fatal(err)
	}
	if at, err := Running(p); at || err != nil {
		t.Errorf("the worker was ended, and is said to run: %v, %v", at, err)
	}
}
