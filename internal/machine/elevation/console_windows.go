package elevation

import (
	"os"

	"golang.org/x/sys/windows"
)

var (
	kernel32           = windows.NewLazySystemDLL("kernel32.dll")
	procFreeConsole    = kernel32.NewProc("FreeConsole")
	procAttachConsole  = kernel32.NewProc("AttachConsole")
	procSetCtrlHandler = kernel32.NewProc("SetConsoleCtrlHandler")
)

// attachConsole leaves the console of this process for that of another one. What Go's runtime has registered for Ctrl-C may not
// outlive the change, so that it is caught here.
func attachConsole(process uint32, interrupted func()) error {
	_, _, _ = procFreeConsole.Call() // there may be none
	if ok, _, err := procAttachConsole.Call(uintptr(process)); ok == 0 {
		return os.NewSyscallError("AttachConsole", err)
	}
	handler := windows.NewCallback(func(event uint32) uintptr {
		switch event {
		case windows.CTRL_C_EVENT, windows.CTRL_BREAK_EVENT:
			interrupted()
			return 1
		case windows.CTRL_CLOSE_EVENT:
			// The process is ended when this returns, and some seconds later in any case.
			interrupted()
			select {}
		}
		return 0
	})
	if ok, _, err := procSetCtrlHandler.Call(handler, 1); ok == 0 {
		return os.NewSyscallError("SetConsoleCtrlHandler", err)
	}
	return nil
}
