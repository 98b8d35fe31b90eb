package host

import (
	"context"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Jobs tries what holding a plugin together with all that it starts rests on. No check changes anything: most processes that
// are started never run.
func Jobs() conformance.Suite {
	return conformance.Suite{Name: "jobs", Checks: []conformance.Check{
		{
			Name: "a process ends with the last handle of its job",
			API:  []string{"kernel32!CreateProcessW", "kernel32!CreateJobObjectW", "kernel32!SetInformationJobObject", "kernel32!AssignProcessToJobObject", "kernel32!CloseHandle"},
			Run: func(context.Context) error {
				return inJob(false, func(job windows.Handle, p suspended) error {
					if err := windows.CloseHandle(job); err != nil {
						return conformance.Differs("CloseHandle: %v", err)
					}
					return p.ended(true)
				})
			},
		},
		{
			Name: "a process outlives the last handle of a job that lets it",
			API:  []string{"kernel32!SetInformationJobObject", "kernel32!CloseHandle", "kernel32!TerminateProcess"},
			Run: func(context.Context) error {
				return inJob(true, func(job windows.Handle, p suspended) error {
					if err := windows.CloseHandle(job); err != nil {
						return conformance.Differs("CloseHandle: %v", err)
					}
					return p.ended(false)
				})
			},
		},
		{
			Name: "a job is ended with its processes",
			API:  []string{"kernel32!TerminateJobObject"},
			Run: func(context.Context) error {
				return inJob(true, func(job windows.Handle, p suspended) error {
					defer windows.CloseHandle(job)
					if err := windows.TerminateJobObject(job, 1); err != nil {
						return conformance.Missing("TerminateJobObject: %v", err)
					}
					return p.ended(true)
				})
			},
		},
		{
			Name: "a job says that its processes may leave it",
			API:  []string{"kernel32!QueryInformationJobObject"},
			Run: func(context.Context) error {
				return inJob(false, func(job windows.Handle, _ suspended) error {
					defer windows.CloseHandle(job)
					var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
					if err := windows.QueryInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), nil); err != nil {
						return conformance.Missing("QueryInformationJobObject: %v", err)
					}
					const want = windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK | windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
					if got := info.BasicLimitInformation.LimitFlags; got&want != want {
						return conformance.Differs("its limits read back as %#x, set were %#x", got, want)
					}
					return nil
				})
			},
		},
		{
			Name: "a process that was started suspended runs when it is resumed",
			API:  []string{"kernel32!CreateToolhelp32Snapshot", "kernel32!Thread32First", "kernel32!Thread32Next", "kernel32!OpenThread", "kernel32!ResumeThread"},
			Run: func(context.Context) error {
				return inJob(false, func(job windows.Handle, p suspended) error {
					defer windows.CloseHandle(job)
					if err := p.ended(false); err != nil {
						return err
					}
					if err := resume(p.id); err != nil {
						return conformance.Missing("%v", err)
					}
					return p.ended(true)
				})
			},
		},
	}}
}

// suspended is a process that was started and does not run.
type suspended struct {
	id      uint32
	process windows.Handle
}

// inJob starts a program of the system suspended, in a job.
func inJob(outlives bool, do func(job windows.Handle, p suspended) error) error {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return conformance.Missing("GetSystemDirectory: %v", err)
	}
	program, err := windows.UTF16PtrFromString(filepath.Join(system, "whoami.exe"))
	if err != nil {
		return err
	}
	var info windows.ProcessInformation
	start := windows.StartupInfo{}
	start.Cb = uint32(unsafe.Sizeof(start))
	if err := windows.CreateProcess(program, nil, nil, nil, false, windows.CREATE_SUSPENDED|windows.CREATE_NO_WINDOW, nil, nil, &start, &info); err != nil {
		return conformance.Missing("CreateProcess: %v", err)
	}
	defer windows.CloseHandle(info.Process)
	defer windows.CloseHandle(info.Thread)
	defer windows.TerminateProcess(info.Process, 1) // it may have ended
	job, err := newJob(outlives)
	if err != nil {
		return conformance.Missing("%v", err)
	}
	if err := windows.AssignProcessToJobObject(job, info.Process); err != nil {
		_ = windows.CloseHandle(job) // nothing is in it
		return conformance.Missing("%v", os.NewSyscallError("AssignProcessToJobObject", err))
	}
	return do(job, suspended{info.ProcessId, info.Process})
}

// endWait is how long the end of a process is waited for, and how long it is watched going on, in milliseconds.
const (
	endWait = 10_000
	goesOn  = 100
)

// ended makes sure that the process ends, or that it does not.
func (p suspended) ended(want bool) error {
	wait := uint32(goesOn)
	if want {
		wait = endWait
	}
	event, err := windows.WaitForSingleObject(p.process, wait)
	switch ended := event == windows.WAIT_OBJECT_0; {
	case err != nil:
		return conformance.Missing("WaitForSingleObject: %v", err)
	case ended && !want:
		return conformance.Differs("the process has ended")
	case !ended && want:
		return conformance.Differs("the process has not ended within %d ms", endWait)
	}
	return nil
}
