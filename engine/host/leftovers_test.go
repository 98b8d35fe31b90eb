package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// checkLeftovers fails the test when it leaves a process, a socket folder or a goroutine behind. It is registered
// before the host's Close, so that it runs after it.
func checkLeftovers(t testing.TB) {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		var left string
		for range 100 {
			if left = leftovers(temp, before); left == "" {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("left behind: " + left)
	})
}

func leftovers(temp string, goroutines int) string {
	if dirs, _ := filepath.Glob(filepath.Join(temp, "plugin*")); len(dirs) > 0 {
		return fmt.Sprint(dirs)
	}
	if p := pluginProcesses(); len(p) > 0 {
		return fmt.Sprint(p)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		stacks := make([]byte, 1<<20)
		return fmt.Sprintf("%d goroutines more\n%s", n-goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	return ""
}

// pluginProcesses lists the processes that serve plugins of this test binary; Linux only.
func pluginProcesses() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		line, err := os.ReadFile(f)
		args := strings.Split(string(bytes.TrimRight(line, "\x00")), "\x00")
		if err == nil && len(args) >= 3 && args[0] == self && args[1] == "plugin" {
			found = append(found, filepath.Base(filepath.Dir(f))+" "+strings.Join(args[1:], " "))
		}
	}
	return found
}
