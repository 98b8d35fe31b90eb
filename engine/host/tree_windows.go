package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// tree is a process and all that it starts: a job object. The process is started suspended and joins the job before its first
// instruction, so that nothing it starts is outside. A host that is killed in between leaves a process that never ran. A
// worker that must outlive the plugin leaves the job with CREATE_BREAKAWAY_FROM_JOB.
type tree struct {
	outlives bool

	mu  sync.Mutex
	job windows.Handle
}

func (t *tree) prepare(cmd *exec.Cmd, outlives bool) {
	t.outlives = outlives
	// A group of its own: Ctrl+C at the console is the host's to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_SUSPENDED}
}

// adopt takes the process into a job and lets it run.
func (t *tree) adopt(p *os.Process) error {
	job, err := newJob(t.outlives)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.job = job
	t.mu.Unlock()
	var assigned error
	if err := p.WithHandle(func(process uintptr) {
		assigned = windows.AssignProcessToJobObject(job, windows.Handle(process))
	}); err != nil {
		return err
	}
	if assigned != nil {
		return os.NewSyscallError("AssignProcessToJobObject", assigned)
	}
	return resume(uint32(p.Pid))
}

// newJob makes a job whose processes end with its last handle, which is this process's, unless they are to outlive it.
func newJob(outlives bool) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, os.NewSyscallError("CreateJobObject", err)
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK
	if !outlives {
		info.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	}
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		return 0, errors.Join(os.NewSyscallError("SetInformationJobObject", err), windows.CloseHandle(job))
	}
	return job, nil
}

// resume lets a process that was started suspended run: it has one thread.
func resume(process uint32) error {
	threads, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return os.NewSyscallError("CreateToolhelp32Snapshot", err)
	}
	defer windows.CloseHandle(threads)
	var entry windows.ThreadEntry32
	entry.Size = uint32(unsafe.Sizeof(entry))
	for err = windows.Thread32First(threads, &entry); err == nil; err = windows.Thread32Next(threads, &entry) {
		if entry.OwnerProcessID != process {
			continue
		}
		thread, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, entry.ThreadID)
		if err != nil {
			return os.NewSyscallError("OpenThread", err)
		}
		defer windows.CloseHandle(thread)
		_, err = windows.ResumeThread(thread)
		return os.NewSyscallError("ResumeThread", err)
	}
	return fmt.Errorf("the suspended process %d has no thread: %w", process, err)
}

func (t *tree) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job != 0 {
		_ = windows.TerminateJobObject(t.job, 1) // what has ended already is no error that matters
	}
}

func (t *tree) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.job != 0 {
		_ = windows.CloseHandle(t.job)
		t.job = 0
	}
}
