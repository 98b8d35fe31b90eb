package elevation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// shellExecuteInfo is SHELLEXECUTEINFOW.
type shellExecuteInfo struct {
	size       uint32
	mask       uint32
	window     windows.Handle
	verb       *uint16
	file       *uint16
	parameters *uint16
	directory  *uint16
	show       int32
	instance   windows.Handle
	list       unsafe.Pointer
	class      *uint16
	classKey   windows.Handle
	hotKey     uint32
	icon       windows.Handle
	process    windows.Handle
}

const (
	seeMaskNoCloseProcess = 0x00000040
	seeMaskNoAsync        = 0x00000100 // the thread ends, and has no loop of messages
	seeMaskFlagNoUI       = 0x00000400 // no boxes of errors; the consent is asked for nevertheless
	coinitDisableOLE1DDE  = 0x4
)

var procShellExecuteEx = windows.NewLazySystemDLL("shell32.dll").NewProc("ShellExecuteExW")

// startElevated asks for consent and gives the process. When ctx ends first the question stays on the screen, and the
// process that a consent starts ends by itself: it finds nobody.
func startElevated(ctx context.Context, line string) (windows.Handle, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("this program does not know its own file: %w", err)
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return 0, os.NewSyscallError("GetSystemDirectory", err)
	}
	type started struct {
		process windows.Handle
		err     error
	}
	done := make(chan started, 1)
	go func() {
		process, err := shellExecute(self, line, system)
		done <- started{process, err}
	}()
	select {
	case s := <-done:
		return s.process, s.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func shellExecute(file, line, folder string) (windows.Handle, error) {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and whatever the shell has left on it
	// The one who consents is shown this file: nobody may put another one in its place meanwhile.
	held, err := windows.CreateFile(windows.StringToUTF16Ptr(file), windows.GENERIC_READ, windows.FILE_SHARE_READ, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return 0, &os.PathError{Op: "hold", Path: file, Err: err}
	}
	defer windows.CloseHandle(held)
	// The shell's own helpers may need an apartment; without one it goes on as well as it can.
	if windows.CoInitializeEx(0, windows.COINIT_APARTMENTTHREADED|coinitDisableOLE1DDE) == nil {
		defer windows.CoUninitialize()
	}
	info := shellExecuteInfo{
		mask: seeMaskNoCloseProcess | seeMaskNoAsync | seeMaskFlagNoUI, verb: windows.StringToUTF16Ptr("runas"),
		file: windows.StringToUTF16Ptr(file), parameters: windows.StringToUTF16Ptr(line), directory: windows.StringToUTF16Ptr(folder),
		show: windows.SW_HIDE, // its own console, which it leaves for ours
	}
	info.size = uint32(unsafe.Sizeof(info))
	ok, _, err := procShellExecuteEx.Call(uintptr(unsafe.Pointer(&info)))
	switch {
	case ok == 0 && errors.Is(err, windows.ERROR_CANCELLED):
		return 0, ErrDeclined
	case ok == 0:
		return 0, fmt.Errorf("%s cannot be started as administrator: %w", file, os.NewSyscallError("ShellExecuteEx", err))
	case info.process == 0:
		return 0, &LostError{"starting it", errors.New("ShellExecuteEx gave no process")}
	}
	return info.process, nil
}
