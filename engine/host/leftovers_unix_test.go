//go:build unix

package host

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// startedByDoomed is what the plugin of a host that is killed has started: nothing ends that here.
const startedByDoomed = "nothing"

// processesOfDoomed is how many processes pluginProcesses then lists: the plugin's.
const processesOfDoomed = 1

// leaveTree lets a process outlive the plugin that starts it.
func leaveTree(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

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
