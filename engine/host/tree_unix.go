//go:build unix

package host

import (
	"os"
	"os/exec"
	"syscall"
)

// tree is a process and all that it starts: a process group. A worker that must outlive the plugin leaves it with
// setsid.
type tree struct{ group int }

func (t *tree) prepare(cmd *exec.Cmd, outlives bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !outlives {
		endWithParent(cmd.SysProcAttr)
	}
}

func (t *tree) adopt(p *os.Process) error {
	t.group = p.Pid
	return nil
}

func (t *tree) kill() {
	if t.group > 0 {
		_ = syscall.Kill(-t.group, syscall.SIGKILL) // ESRCH: nothing is left
	}
}

func (t *tree) close() {}
