package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// startedByDoomed is what the plugin of a host that is killed has started: it ends with the job.
const startedByDoomed = "grandchild"

// processesOfDoomed is how many processes pluginProcesses then lists: the host's, the plugin's, and what that has started.
const processesOfDoomed = 3

// leaveTree lets a process outlive the plugin that starts it.
func leaveTree(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_BREAKAWAY_FROM_JOB}
}

// pluginProcesses lists the processes below this one: they serve plugins, or were started by one that does.
func pluginProcesses() []string {
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return []string{err.Error()}
	}
	defer windows.CloseHandle(all)
	self, err := os.Executable()
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	var entry windows.ProcessEntry32
	entry.Size = uint32(unsafe.Sizeof(entry))
	for err = windows.Process32First(all, &entry); err == nil; err = windows.Process32Next(all, &entry) {
		name := windows.UTF16ToString(entry.ExeFile[:])
		ours := strings.EqualFold(name, filepath.Base(self)) || strings.HasPrefix(name, "rectify-plugin-")
		if ours && entry.ProcessID != uint32(os.Getpid()) {
			found = append(found, fmt.Sprint(entry.ProcessID, " ", name))
		}
	}
	return found
}
