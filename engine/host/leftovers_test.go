package host

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// checkLeftovers fails the test when it leaves a process, a socket folder or a goroutine behind. It is registered
// before the host's Close, so that it runs after it.
func checkLeftovers(t testing.TB) {
	t.Helper()
	temp := t.TempDir()
	for _, name := range []string{"TMPDIR", "TEMP", "TMP"} {
		t.Setenv(name, temp)
	}
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
	for _, pattern := range []string{"plugin*", "rectify-*"} {
		if dirs, _ := filepath.Glob(filepath.Join(temp, pattern)); len(dirs) > 0 {
			return fmt.Sprint(dirs)
		}
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
