package power

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	advapi32                 = windows.NewLazySystemDLL("advapi32.dll")
	procInitiateShutdownW    = advapi32.NewProc("InitiateShutdownW")
	procAbortSystemShutdownW = advapi32.NewProc("AbortSystemShutdownW")
)

// Live is this machine.
func Live() Machine { return Of(calls{}) }

type calls struct{}

// timeOfDay is SYSTEM_TIMEOFDAY_INFORMATION, of class 3.
type timeOfDay struct {
	BootTime      int64
	CurrentTime   int64
	TimeZoneBias  int64
	TimeZoneID    uint32
	_             uint32
	BootTimeBias  uint64
	SleepTimeBias uint64
}

const timeOfDayClass = 3

// Windows counts its starts in the page that it shares with all processes: KUSER_SHARED_DATA.BootId, since Windows 8.
const (
	sharedData = 0x7ffe0000
	bootID     = 0x2c4
)

func (calls) Boot() (Boot, error) {
	var info timeOfDay
	if err := windows.NtQuerySystemInformation(timeOfDayClass, unsafe.Pointer(&info), uint32(unsafe.Sizeof(info)), nil); err != nil {
		return Boot{}, fmt.Errorf("NtQuerySystemInformation: %w", err)
	}
	if info.BootTime <= 0 {
		return Boot{}, fmt.Errorf("NtQuerySystemInformation: the machine was started at %d", info.BootTime)
	}
	since := windows.Filetime{LowDateTime: uint32(info.BootTime), HighDateTime: uint32(info.BootTime >> 32)}
	id, err := countedBoot()
	return Boot{id, time.Unix(0, since.Nanoseconds()).UTC()}, err
}

// countedBoot reads the number through ReadProcessMemory: an address that is not of Go's memory is no pointer.
func countedBoot() (uint32, error) {
	var id uint32
	var n uintptr
	err := windows.ReadProcessMemory(windows.CurrentProcess(), sharedData+bootID, (*byte)(unsafe.Pointer(&id)), unsafe.Sizeof(id), &n)
	if err != nil || n != unsafe.Sizeof(id) {
		return 0, fmt.Errorf("ReadProcessMemory of KUSER_SHARED_DATA: %d bytes, %w", n, err)
	}
	return id, nil
}

// Flags of InitiateShutdownW, and the reason: planned, the operating system, a change of its configuration.
const (
	forceOthers = 0x1
	restart     = 0x4
	reason      = 0x80000000 | 0x00020000 | 0x00000004
)

// longestMessage is what Windows takes of a message, in UTF-16 units.
const longestMessage = 511

func (calls) Initiate(r Request) uint32 {
	units := utf16.Encode([]rune(r.Message))
	message, err := windows.UTF16FromString(string(utf16.Decode(units[:min(len(units), longestMessage)])))
	if err != nil {
		return codeNumber(err)
	}
	if code := enableShutdown(); code != codeDone {
		return code
	}
	if err := procInitiateShutdownW.Find(); err != nil {
		return codeMissing
	}
	code, _, _ := procInitiateShutdownW.Call(0, uintptr(unsafe.Pointer(&message[0])), uintptr(uint32(r.Delay/time.Second)), forceOthers|restart, reason)
	return uint32(code)
}

func (calls) Abort() uint32 {
	if code := enableShutdown(); code != codeDone {
		return code
	}
	if err := procAbortSystemShutdownW.Find(); err != nil {
		return codeMissing
	}
	ok, _, err := procAbortSystemShutdownW.Call(0)
	if ok != 0 {
		return codeDone
	}
	return codeNumber(err)
}

// enableShutdown switches SeShutdownPrivilege on in this process. Administrators have it, switched off.
func enableShutdown() uint32 {
	var token windows.Token
	if err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, &token); err != nil {
		return codeNumber(err)
	}
	defer token.Close()
	name, err := windows.UTF16PtrFromString("SeShutdownPrivilege")
	if err != nil {
		return codeNumber(err)
	}
	privileges := windows.Tokenprivileges{PrivilegeCount: 1}
	if err := windows.LookupPrivilegeValue(nil, name, &privileges.Privileges[0].Luid); err != nil {
		return codeNumber(err)
	}
	privileges.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
	if err := windows.AdjustTokenPrivileges(token, false, &privileges, 0, nil, nil); err != nil {
		return codeNumber(err)
	}
	// The call succeeds where the account does not have the privilege: what it has now is read back.
	return heldPrivilege(token, privileges.Privileges[0].Luid)
}

// heldPrivilege says whether a privilege is switched on.
func heldPrivilege(token windows.Token, luid windows.LUID) uint32 {
	var size uint32
	_ = windows.GetTokenInformation(token, windows.TokenPrivileges, nil, 0, &size) // it fails, and gives the size
	if size < uint32(unsafe.Sizeof(windows.Tokenprivileges{})) || size > 1<<16 {
		return codePrivileges
	}
	buffer := make([]uint64, size/8+1) // aligned
	if err := windows.GetTokenInformation(token, windows.TokenPrivileges, (*byte)(unsafe.Pointer(&buffer[0])), size, &size); err != nil {
		return codeNumber(err)
	}
	held := (*windows.Tokenprivileges)(unsafe.Pointer(&buffer[0]))
	most := (uint32(len(buffer))*8 - 4) / uint32(unsafe.Sizeof(windows.LUIDAndAttributes{}))
	for _, p := range unsafe.Slice(&held.Privileges[0], min(held.PrivilegeCount, most)) {
		if p.Luid == luid && p.Attributes&windows.SE_PRIVILEGE_ENABLED != 0 {
			return codeDone
		}
	}
	return codePrivileges
}

// codeNumber is the Win32 error of an error; never that of success.
func codeNumber(err error) uint32 {
	if code, ok := errors.AsType[windows.Errno](err); ok && code != 0 {
		return uint32(code)
	}
	return codeMissing
}
