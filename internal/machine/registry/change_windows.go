package registry

import (
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

func (running) Create(path string, form Form) (made bool, err error) {
	above, name := parent(path)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return false, &PathError{path, err.Error()}
	}
	var class *uint16
	if form.Class != "" {
		if class, err = windows.UTF16PtrFromString(form.Class); err != nil {
			return false, &PathError{path, fmt.Sprintf("the class %q: %v", form.Class, err)}
		}
	}
	options := uintptr(0)
	if form.Volatile {
		options = 1 // REG_OPTION_VOLATILE
	}
	err = with(above, windows.KEY_CREATE_SUB_KEY, func(key windows.Handle) error {
		var sub windows.Handle
		var disposition uint32
		err := call(procCreateKeyEx, uintptr(key), uintptr(unsafe.Pointer(wide)), 0, uintptr(unsafe.Pointer(class)), options,
			windows.KEY_QUERY_VALUE|view, 0, uintptr(unsafe.Pointer(&sub)), uintptr(unsafe.Pointer(&disposition)))
		if err != nil {
			return refused("RegCreateKeyExW", path, err)
		}
		made = disposition == 1 // REG_CREATED_NEW_KEY
		return windows.RegCloseKey(sub)
	})
	return made, err
}

func (running) Set(path string, v Value) error {
	wide, err := windows.UTF16PtrFromString(v.Name)
	if err != nil {
		return fmt.Errorf("%s → %q: %w", path, v.Name, err)
	}
	return with(path, windows.KEY_SET_VALUE, func(key windows.Handle) error {
		err := call(procSetValueEx, uintptr(key), uintptr(unsafe.Pointer(wide)), 0, uintptr(v.Type),
			uintptr(unsafe.Pointer(unsafe.SliceData(v.Data))), uintptr(len(v.Data)))
		if err != nil {
			return refused("RegSetValueExW", path, err)
		}
		return nil
	})
}

func (running) DeleteValue(path, name string) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return fmt.Errorf("%s → %q: %w", path, name, ErrNoValue)
	}
	return with(path, windows.KEY_SET_VALUE, func(key windows.Handle) error {
		if err := call(procDeleteValue, uintptr(key), uintptr(unsafe.Pointer(wide))); err != nil {
			return noValue("RegDeleteValueW", path, name, err)
		}
		return nil
	})
}

func (running) DeleteKey(path string) error {
	above, name := parent(path)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return &PathError{path, err.Error()}
	}
	return with(above, windows.KEY_ENUMERATE_SUB_KEYS, func(key windows.Handle) error {
		if err := call(procDeleteKeyEx, uintptr(key), uintptr(unsafe.Pointer(wide)), view, 0); err != nil {
			return refused("RegDeleteKeyExW", path, err)
		}
		return nil
	})
}

func (running) Secure(path, sddl string) error {
	// That rights were inherited is noted anew only where that is asked for.
	sd, err := windows.SecurityDescriptorFromString(strings.Replace(sddl, "D:AI", "D:ARAI", 1))
	if err != nil {
		return &SystemError{"ConvertStringSecurityDescriptorToSecurityDescriptorW", path, err}
	}
	done, err := privileged("SeRestorePrivilege") // without it no owner can be set but oneself
	if err != nil {
		return refused("AdjustTokenPrivileges", path, err)
	}
	defer done()
	const all = windows.OWNER_SECURITY_INFORMATION | windows.GROUP_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION
	return with(path, windows.WRITE_DAC|windows.WRITE_OWNER, func(key windows.Handle) error {
		if err := call(procSetSecurity, uintptr(key), all, uintptr(unsafe.Pointer(sd))); err != nil {
			return refused("RegSetKeySecurity", path, err)
		}
		return nil
	})
}

func (running) Flush(path string) error {
	return with(path, windows.KEY_QUERY_VALUE, func(key windows.Handle) error {
		if err := call(procFlushKey, uintptr(key)); err != nil {
			return refused("RegFlushKey", path, err)
		}
		return nil
	})
}

// privileged switches a privilege of this process on. Who does not have it goes on without: what needs it says so.
func privileged(name string) (done func(), err error) {
	var token windows.Token
	if err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_ADJUST_PRIVILEGES|windows.TOKEN_QUERY, &token); err != nil {
		return nil, err
	}
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		token.Close()
		return nil, err
	}
	want := windows.Tokenprivileges{PrivilegeCount: 1}
	want.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
	if err := windows.LookupPrivilegeValue(nil, wide, &want.Privileges[0].Luid); err != nil {
		token.Close()
		return nil, err
	}
	var was windows.Tokenprivileges
	var size uint32
	if err := windows.AdjustTokenPrivileges(token, false, &want, uint32(unsafe.Sizeof(was)), &was, &size); err != nil {
		token.Close()
		return nil, err
	}
	return func() {
		if was.PrivilegeCount > 0 {
			_ = windows.AdjustTokenPrivileges(token, false, &was, 0, nil, nil) // on for longer does no harm
		}
		token.Close()
	}, nil
}
