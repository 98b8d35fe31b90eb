package conformance

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// System is what this process runs on: "Windows 10.0.19045", "Wine 10.0". Wine tells of itself by a function of ntdll that
// Windows does not have.
func System() string {
	if v := wineVersion(); v != "" {
		return "Wine " + v
	}
	major, minor, build := windows.RtlGetNtVersionNumbers()
	return fmt.Sprintf("Windows %d.%d.%d", major, minor, build&0xffff)
}

func wineVersion() string {
	p := windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version")
	if p.Find() != nil {
		return ""
	}
	at, _, _ := p.Call()
	return windows.BytePtrToString(*(**byte)(unsafe.Pointer(&at))) // memory of ntdll, which Go does not manage
}
