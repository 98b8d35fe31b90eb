package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// This file was written after the documentation of Windows; it is compiled and vetted, but has not been run on Windows.

// access is the state folder's: Administrators and SYSTEM, for all that is in it too, and nothing from the folder above,
// where everybody may make folders. It is set as the folder is made, so that there is no moment without it.
const access = "D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"

// makeFolder makes the state folder and those above it.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is a file, not a folder", path)
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	descriptor, err := windows.SecurityDescriptorFromString(access)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: descriptor}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	if err := windows.CreateDirectory(name, &attributes); err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	return nil
}

// makeBelow makes a folder below the state folder; it takes over who may do what.
func makeBelow(path string) error { return os.MkdirAll(path, 0o700) }

// syncFolder does nothing: NTFS keeps its folders in a log of its own.
func syncFolder(string) error { return nil }

// writing is the rights by which the content of a file or folder, or who may write it, can be changed.
const writing = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER |
	windows.GENERIC_WRITE | windows.GENERIC_ALL | fileDeleteChild

const fileDeleteChild = 0x40

// checkOwn refuses a file or folder that somebody else than Administrators, SYSTEM and this user may write.
func checkOwn(path string) error {
	descriptor, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return &os.PathError{Op: "read the security of", Path: path, Err: err}
	}
	trusted, err := trustees()
	if err != nil {
		return err
	}
	owner, _, err := descriptor.Owner()
	if err != nil {
		return &os.PathError{Op: "read the owner of", Path: path, Err: err}
	}
	if owner == nil || !trusted(owner) {
		return fmt.Errorf("%s belongs to %s, who may change it: have a look at what is in it, then run takeown /A /R /F \"%s\", or name another state folder with --state", path, owner, path)
	}
	list, _, err := descriptor.DACL()
	if err != nil || list == nil { // without a list everybody may do everything
		return mayWrite(path, "everybody")
	}
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &entry); err != nil {
			return &os.PathError{Op: "read the security of", Path: path, Err: err}
		}
		if entry.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || entry.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 || entry.Mask&writing == 0 {
			continue
		}
		if who := (*windows.SID)(unsafe.Pointer(&entry.SidStart)); !trusted(who) {
			return mayWrite(path, who.String())
		}
	}
	return nil
}

func mayWrite(path, who string) error {
	return fmt.Errorf("%s may be written by %s, who could change what is undone, and how: have a look at what is in it, then run icacls \"%s\" /inheritance:r /grant *S-1-5-32-544:(OI)(CI)F *S-1-5-18:(OI)(CI)F",
		path, who, path)
}

// trustees says whom nobody needs to be protected from: Administrators, SYSTEM and whoever runs this.
func trustees() (func(*windows.SID) bool, error) {
	me, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, os.NewSyscallError("GetTokenInformation", err)
	}
	return func(who *windows.SID) bool {
		return who.IsWellKnown(windows.WinBuiltinAdministratorsSid) || who.IsWellKnown(windows.WinLocalSystemSid) || who.Equals(me.User.Sid)
	}, nil
}
