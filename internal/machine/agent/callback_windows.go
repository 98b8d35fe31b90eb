package agent

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// callback is a COM object that is told of the progress and the end of a job, and makes nothing of it: how far a job is, is
// asked of the job. It is there because BeginDownload and BeginInstall are documented to take callbacks, and not to take
// none. It is never freed, so that the agent may hold it for as long as it likes; and it is agile, so that the agent may
// call it on any thread.
//
// Its interfaces are I…ProgressChangedCallback and I…CompletedCallback of wuapi.idl, which derive from IUnknown and have
// the one method Invoke(job, args).
var callback = struct {
	table *[4]uintptr
	_     uintptr
}{table: &[4]uintptr{
	syscall.NewCallback(callbackQuery),
	syscall.NewCallback(callbackCount),
	syscall.NewCallback(callbackCount),
	syscall.NewCallback(func(uintptr, uintptr, uintptr) uintptr { return 0 }),
}}

// callbackArg is the object as an argument. A package variable stays where it is.
func callbackArg() uintptr { return uintptr(unsafe.Pointer(&callback)) }

// callbackCount answers AddRef and Release: there is always one more reference.
func callbackCount(uintptr) uintptr { return 1 }

func callbackQuery(this uintptr, iid *windows.GUID, out *uintptr) uintptr {
	if out == nil || iid == nil {
		return 0x80004003 // E_POINTER
	}
	switch *iid {
	case interfaceUnknown, interfaceAgile, interfaceDownloadProgressed, interfaceDownloadCompleted, interfaceInstallProgressed, interfaceInstallCompleted:
		*out = this
		return 0
	}
	*out = 0
	return 0x80004002 // E_NOINTERFACE
}
