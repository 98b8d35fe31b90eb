// Measure runs a program and says on standard error what it took, as JSON. What the system says of a process includes
// what its parent had in memory when it was started, so this program is small.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout = os.Stdout
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The largest process of those that were waited for: the plugins are among them.
	resident := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS == "linux" {
		resident <<= 10
	}
	took := map[string]any{
		"Wall": wall, "CPU": cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), "Resident": resident, "Exit": cmd.ProcessState.ExitCode(),
	}
	if err := json.NewEncoder(os.Stderr).Encode(took); err != nil {
		os.Exit(1)
	}
}
