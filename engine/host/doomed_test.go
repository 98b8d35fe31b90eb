package host

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/sdk"
)

// doomedHost is a host process that is killed while its plugins run. It prints the plugin's process id when the plugin does
// what it is told: to have a process of its own, or to be in the middle of an action that must not be cut off.
func doomedHost(plugin, what string) {
	h, err := New(Options{Linked: []sdk.Plugin{testPlugin(plugin)}, ServeArgs: serveArgs, StartTimeout: 5 * time.Second})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	a, err := h.Observe(ctx, plugin+".do", live, map[string]any{"what": "pid"}, Events{})
	if err != nil {
		panic(err)
	}
	if what == "grandchild" || what == "nothing" {
		if _, err := h.Observe(ctx, plugin+".do", live, map[string]any{"what": what}, Events{}); err != nil {
			panic(err)
		}
		fmt.Fprintln(os.Stdout, a.Value["count"])
		time.Sleep(time.Hour)
	}
	input := map[string]any{"what": what, "span": "700ms"}
	p, err := h.Prepare(ctx, plugin+".servicing", live, input)
	if err != nil {
		panic(err)
	}
	_, err = h.Apply(ctx, plugin+".servicing", live, input, p.Token, filepath.Dir(what), Events{Progress: func(sdk.Progress) {
		fmt.Fprintln(os.Stdout, a.Value["count"])
	}})
	panic(fmt.Sprint("the host outlived its end: ", err))
}

// killHost starts a doomed host, and kills it when it has told of its plugin.
func killHost(t *testing.T, plugin, what string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "host", plugin, what)
	if runtime.GOOS == "windows" { // what is killed leaves its temporary files there
		dir := t.TempDir()
		cmd.Env = append(os.Environ(), "TEMP="+dir, "TMP="+dir)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	if plugin == "good" {
		if seen := pluginProcesses(); len(seen) != processesOfDoomed {
			t.Errorf("before the end there are %q, expected %d processes", seen, processesOfDoomed)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed; what matters is what is left
}

// A host that is killed closes the plugin's stdin, and on Linux the kernel tells it too. On Windows its end takes the job with
// it, and with that all that the plugin has started.
func TestPluginEndsWithItsHost(t *testing.T) {
	for _, plugin := range []string{"good", "acting"} { // acting has no help of the kernel
		t.Run(plugin, func(t *testing.T) {
			checkLeftovers(t)
			what := filepath.Join(t.TempDir(), "note")
			if plugin == "good" {
				what = startedByDoomed
			}
			killHost(t, plugin, what)
		})
	}
}

// TestUninterruptibleActionOutlivesItsHost kills the host in the middle of an action that must not be cut off.
func TestUninterruptibleActionOutlivesItsHost(t *testing.T) {
	checkLeftovers(t)
	path := filepath.Join(t.TempDir(), "note")
	killHost(t, "acting", path)
	if _, err := os.Stat(path); err == nil {
		t.Fatal("the action was over before the host was killed")
	}
	for range 250 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the action was cut off")
}

// TestWorkerOutlivesItsPlugin makes sure that the process of an action that must not be cut off can leave the plugin's.
func TestWorkerOutlivesItsPlugin(t *testing.T) {
	h := testHost(t, "good")
	path := filepath.Join(t.TempDir(), "note")
	if _, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "worker", "path": path}, Events{}); err != nil {
		t.Fatal(err)
	}
	h.Close()
	if _, err := os.Stat(path); err == nil {
		t.Fatal("the worker was done before the plugin had ended")
	}
	for range 250 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the worker was cut off")
}
