package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/artefact/hive"
)

// view is the part of the registry that 64-bit programs see, whatever this program is.
const view = windows.KEY_WOW64_64KEY

// openLink is REG_OPTION_OPEN_LINK: the key itself, not the one that it stands for.
const openLink = 8

var (
	advapi                 = windows.NewLazySystemDLL("advapi32.dll")
	procCreateKeyEx        = advapi.NewProc("RegCreateKeyExW")
	procSetValueEx         = advapi.NewProc("RegSetValueExW")
	procDeleteValue        = advapi.NewProc("RegDeleteValueW")
	procDeleteKeyEx        = advapi.NewProc("RegDeleteKeyExW")
	procFlushKey           = advapi.NewProc("RegFlushKey")
	procEnumValue          = advapi.NewProc("RegEnumValueW")
	procSetSecurity        = advapi.NewProc("RegSetKeySecurity")
	procQueryKey           = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtQueryKey")
	_               System = running{}
)

// running is the registry of this Windows.
type running struct{}

// Live is the registry of this Windows. The error is nil.
func Live() (System, error) { return running{}, nil }

// refused gives an error of a call the type that callers know.
func refused(call, path string, err error) error {
	switch {
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_PATH_NOT_FOUND), errors.Is(err, windows.ERROR_KEY_DELETED):
		return fmt.Errorf("%s: %w", path, ErrNoKey)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED), errors.Is(err, windows.ERROR_PRIVILEGE_NOT_HELD):
		err = fmt.Errorf("%w (%w)", fs.ErrPermission, err)
	}
	return &SystemError{call, path, err}
}

// noValue is as refused, of a call that asks for a value.
func noValue(call, path, name string, err error) error {
	if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return fmt.Errorf("%s → %s: %w", path, name, ErrNoValue)
	}
	return refused(call, path, err)
}

// open opens a key. Whoever gets it closes it.
func open(path string, options, access uint32) (windows.Handle, error) {
	p, err := place(path)
	if err != nil {
		return 0, err
	}
	top, below, _ := strings.Cut(p.top, `\`)
	root := windows.Handle(windows.HKEY_LOCAL_MACHINE)
	if top == "HKU" {
		root = windows.HKEY_USERS
	}
	if p.rest != "" {
		below += `\` + p.rest
	}
	name, err := windows.UTF16PtrFromString(below)
	if err != nil {
		return 0, &PathError{path, err.Error()}
	}
	var key windows.Handle
	if err := windows.RegOpenKeyEx(root, name, options, access|view, &key); err != nil {
		return 0, refused("RegOpenKeyExW", path, err)
	}
	return key, nil
}

// with does something with an open key.
func with(path string, access uint32, do func(key windows.Handle) error) error {
	key, err := open(path, 0, access)
	if err != nil {
		return err
	}
	defer windows.RegCloseKey(key)
	return do(key)
}

// call calls a function that answers with an error code. What its arguments point to stays where it is for that long.
//
//go:uintptrescapes
func call(proc *windows.LazyProc, args ...uintptr) error {
	if err := proc.Find(); err != nil {
		return err
	}
	if code, _, _ := proc.Call(args...); code != 0 {
		return windows.Errno(code)
	}
	return nil
}

func (running) Written(path string) (at time.Time, err error) {
	err = with(path, windows.KEY_QUERY_VALUE, func(key windows.Handle) error {
		var written windows.Filetime
		if err := windows.RegQueryInfoKey(key, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, &written); err != nil {
			return refused("RegQueryInfoKeyW", path, err)
		}
		if written != (windows.Filetime{}) {
			at = time.Unix(0, written.Nanoseconds()).UTC()
		}
		return nil
	})
	return at, err
}

// Bounds of one key.
const (
	maxSubkeys   = 1 << 19
	maxValues    = 1 << 16
	maxValueName = 16383
)

func (running) Subkeys(path string) ([]string, error) {
	var names []string
	err := with(path, windows.KEY_ENUMERATE_SUB_KEYS, func(key windows.Handle) error {
		// The system keeps what belongs to an enumeration with the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var name [maxKeyName + 1]uint16
		for i := uint32(0); i < maxSubkeys; i++ {
			n := uint32(len(name))
			err := windows.RegEnumKeyEx(key, i, &name[0], &n, nil, nil, nil, nil)
			switch {
			case errors.Is(err, windows.ERROR_NO_MORE_ITEMS):
				return nil
			case err != nil:
				return refused("RegEnumKeyExW", path, err)
			}
			names = append(names, text(name[:min(int(n), len(name))]))
		}
		return &SystemError{"RegEnumKeyExW", path, fmt.Errorf("more than %d keys", maxSubkeys)}
	})
	return names, err
}

func (running) Values(path string) ([]Entry, error) {
	var entries []Entry
	err := with(path, windows.KEY_QUERY_VALUE, func(key windows.Handle) error {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		name := make([]uint16, maxValueName+1)
		for i := uint32(0); i < maxValues; i++ {
			n, kind, size := uint32(len(name)), uint32(0), uint32(0)
			err := call(procEnumValue, uintptr(key), uintptr(i), uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&n)), 0,
				uintptr(unsafe.Pointer(&kind)), 0, uintptr(unsafe.Pointer(&size)))
			switch {
			case errors.Is(err, windows.ERROR_NO_MORE_ITEMS):
				return nil
			case err != nil:
				return refused("RegEnumValueW", path, err)
			}
			entries = append(entries, Entry{text(name[:min(int(n), len(name))]), hive.Type(kind), int(size)})
		}
		return &SystemError{"RegEnumValueW", path, fmt.Errorf("more than %d values", maxValues)}
	})
	return entries, err
}

// growths bounds how often a value may grow between the question for its size and that for its data.
const growths = 8

func (running) Value(path, name string) (Value, error) {
	v := Value{Name: name}
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return v, fmt.Errorf("%s → %q: %w", path, name, ErrNoValue) // no value has a NUL in its name
	}
	err = with(path, windows.KEY_QUERY_VALUE, func(key windows.Handle) error {
		data := make([]byte, 256)
		for range growths {
			var kind uint32
			size := uint32(len(data))
			err := windows.RegQueryValueEx(key, wide, nil, &kind, &data[0], &size)
			switch {
			case err == nil:
				v.Type, v.Data = hive.Type(kind), slices.Clip(data[:min(int(size), len(data))])
				return nil
			case !errors.Is(err, windows.ERROR_MORE_DATA):
				return noValue("RegQueryValueExW", path, name, err)
			case size > hive.MaxData:
				return &SystemError{"RegQueryValueExW", path + " → " + name, hive.ErrTooLarge}
			}
			data = make([]byte, max(int(size), 2*len(data)))
		}
		return &SystemError{"RegQueryValueExW", path + " → " + name, errors.New("the value keeps growing while it is read")}
	})
	return v, err
}

func (running) Form(path string) (Form, error) {
	var f Form
	key, err := open(path, openLink, windows.KEY_READ)
	if err != nil {
		return f, err
	}
	defer windows.RegCloseKey(key)
	var class [maxKeyName + 1]uint16
	n := uint32(len(class))
	if err := windows.RegQueryInfoKey(key, &class[0], &n, nil, nil, nil, nil, nil, nil, nil, nil, nil); err != nil {
		return f, refused("RegQueryInfoKeyW", path, err)
	}
	f.Class = text(class[:min(int(n), len(class))])
	var kind uint32
	link, _ := windows.UTF16PtrFromString("SymbolicLinkValue") // has no NUL
	err = windows.RegQueryValueEx(key, link, nil, &kind, nil, nil)
	f.Link = err == nil && kind == windows.REG_LINK
	if f.Volatile, err = volatile(key); err != nil {
		return f, refused("NtQueryKey", path, err)
	}
	const all = windows.OWNER_SECURITY_INFORMATION | windows.GROUP_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION
	sd, err := windows.GetSecurityInfo(key, windows.SE_REGISTRY_KEY, all)
	if err != nil {
		return f, refused("GetSecurityInfo", path, err)
	}
	f.Security = sd.String()
	return f, nil
}

// volatile asks for KEY_FLAGS_INFORMATION: three numbers of 32 bits, of which the second has REG_FLAG_VOLATILE. A system
// that does not know the question, as no Windows since 7, is taken to keep the key.
func volatile(key windows.Handle) (bool, error) {
	const keyFlagsInformation = 5
	if err := procQueryKey.Find(); err != nil {
		return false, err
	}
	var flags [3]uint32
	var size uint32
	status, _, _ := procQueryKey.Call(uintptr(key), keyFlagsInformation, uintptr(unsafe.Pointer(&flags)), unsafe.Sizeof(flags),
		uintptr(unsafe.Pointer(&size)))
	switch status := windows.NTStatus(status); status {
	case windows.STATUS_SUCCESS:
		return flags[1]&1 != 0, nil
	case windows.STATUS_INVALID_PARAMETER, windows.STATUS_INVALID_INFO_CLASS, windows.STATUS_NOT_IMPLEMENTED:
		return false, nil
	default:
		return false, status
	}
}

// text decodes what the system gave. What is no valid UTF-16 comes as WTF-8, so that it leads to the same key or value
// again; a NUL stays.
func text(units []uint16) string {
	if slices.Contains(units, 0) {
		return string(utf16.Decode(units))
	}
	return windows.UTF16ToString(units)
}
