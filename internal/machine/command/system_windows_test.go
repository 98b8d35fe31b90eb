package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "wait-as-a-worker" {
		time.Sleep(10 * time.Second)
		os.Exit(0)
	}
	if len(os.Args) > 2 && os.Args[1] == "spawn-a-worker" {
		os.Exit(spawnAWorker(os.Args[2]))
	}
	os.Exit(m.Run())
}

func TestSuiteLive(t *testing.T) { conformtest.Run(t, Suite(Live()), nil) }

// TestPlanted holds that a program of the same name in PATH or in the current folder is never run.
func TestPlanted(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "planted.exe"), []byte("MZ"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	t.Chdir(folder)
	if _, err := Live().Run(t.Context(), Program{Name: "planted"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestContextEndsAProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Live().Run(ctx, Program{Name: "cmd", Args: []string{"/d", "/c", "pause"}, Started: func(Process) { cancel() }})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "output.txt")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it goes on all the same
	var started Process
	r, err := Live().Run(ctx, Program{Name: "cmd", Args: []string{"/d", "/c", "echo", "said"}, OutputFile: path, Started: func(p Process) { started = p }})
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

// spawnAWorker starts a worker when it is told to, leaves word of it in a folder, and waits to be ended.
func spawnAWorker(folder string) int {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return 1
	}
	p, err := Spawn([]string{"wait-as-a-worker"}, filepath.Join(folder, "worker.txt"))
	text, bad := json.Marshal(p)
	if err := errors.Join(err, bad, os.WriteFile(filepath.Join(folder, "part"), text, 0o600), os.Rename(filepath.Join(folder, "part"), filepath.Join(folder, "process"))); err != nil {
		return 1
	}
	time.Sleep(10 * time.Second)
	return 0
}

// TestWorkerOutlivesTheJob holds that a worker is not ended with the job of who started it.
func TestWorkerOutlivesTheJob(t *testing.T) {
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "spawn-a-worker", folder)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(job)
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK | windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		t.Fatal(err)
	}
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	if err := windows.AssignProcessToJobObject(job, h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	var worker Process
	for deadline := time.Now().Add(20 * time.Second); worker.ID == 0; time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(folder, "process")); err == nil {
			if err := json.Unmarshal(text, &worker); err != nil {
				t.Fatal(err)
			}
		} else if time.Now().After(deadline) {
			t.Fatal("no worker was started within 20 s")
		}
	}
	if err := windows.TerminateJobObject(job, 1); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("who started the worker has ended by itself, and not with its job")
	}
	if at, err := Running(worker); !at || err != nil {
		t.Errorf("the job was ended, and the worker with it: %v, %v", at, err)
	}
	verification.InPart(t, "a worker leaves the job of the plugin, and lives on when that is ended", "dism.add_package", "dism.remove_package", "dism.restore_health")
	if process, err := os.FindProcess(int(worker.ID)); err == nil {
		_ = process.Kill() // it would end by itself, seconds later
		_, _ = process.Wait()
	}
}
