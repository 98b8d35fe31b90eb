package processes

import (
	"context"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Live is this machine.
func Live() System { return live{} }

type live struct{}

// maxProcesses bounds a snapshot; a busy server has a few thousand processes.
const maxProcesses = 200_000

func (live) List(ctx context.Context) ([]Process, error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, os.NewSyscallError("CreateToolhelp32Snapshot", err)
	}
	defer windows.CloseHandle(snapshot)
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	var list []Process
	for err = windows.Process32First(snapshot, &entry); err == nil && len(list) < maxProcesses; err = windows.Process32Next(snapshot, &entry) {
		list = append(list, Process{entry.ProcessID, windows.UTF16ToString(entry.ExeFile[:])})
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if err != nil && !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return nil, os.NewSyscallError("Process32Next", err)
	}
	if len(list) == 0 {
		return nil, errors.New("Process32First: the list of processes is empty, which it cannot be")
	}
	return list, nil
}

var (
	kernel32                 = windows.NewLazySystemDLL("kernel32.dll")
	procGetProcessIoCounters = kernel32.NewProc("GetProcessIoCounters")
)

func (live) Done(id uint32) (Work, error) {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, id)
	if err != nil {
		return Work{}, os.NewSyscallError("OpenProcess", err)
	}
	defer windows.CloseHandle(process)
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
		return Work{}, os.NewSyscallError("GetProcessTimes", err)
	}
	var io windows.IO_COUNTERS
	if ok, _, err := procGetProcessIoCounters.Call(uintptr(process), uintptr(unsafe.Pointer(&io))); ok == 0 {
		return Work{}, os.NewSyscallError("GetProcessIoCounters", err)
	}
	return Work{ticks(kernel) + ticks(user), io.ReadOperationCount + io.WriteOperationCount + io.OtherOperationCount}, nil
}

// ticks is a span that a FILETIME holds. [windows.Filetime.Nanoseconds] is for points in time.
func ticks(t windows.Filetime) int64 { return int64(t.HighDateTime)<<32 | int64(t.LowDateTime) }
