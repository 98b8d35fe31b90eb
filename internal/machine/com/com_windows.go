package com

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/sdk/hresult"
)

var (
	ole32                = windows.NewLazySystemDLL("ole32.dll")
	procCoCreateInstance = ole32.NewProc("CoCreateInstance")

	oleaut32              = windows.NewLazySystemDLL("oleaut32.dll")
	procSysAllocStringLen = oleaut32.NewProc("SysAllocStringLen")
	procSysFreeString     = oleaut32.NewProc("SysFreeString")
	procSysStringLen      = oleaut32.NewProc("SysStringLen")
	procVariantClear      = oleaut32.NewProc("VariantClear")
)

// Error is an HRESULT that a method returned.
type Error struct {
	Method string // "ITaskService.Connect"
	Code   hresult.Code
}

func (e *Error) Error() string {
	text := syscall.Errno(e.Code).Error()
	if name := e.Code.Symbol(); name != "" {
		text = name
	}
	return fmt.Sprintf("%s: %s (%s)", e.Method, e.Code, text)
}

// Run calls do on a thread of its own that has entered the multithreaded apartment. Objects that do makes must be released
// before it returns, and used by no other goroutine.
func Run(do func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine, and whatever COM has left on it
		if err := windows.CoInitializeEx(0, windows.COINIT_MULTITHREADED); err != nil {
			if code, ok := err.(syscall.Errno); !ok || code != 1 { // S_FALSE: it was entered before
				failed <- fmt.Errorf("CoInitializeEx: %w", err)
				return
			}
		}
		defer windows.CoUninitialize()
		failed <- do()
	}()
	return <-failed
}

// Object is a pointer to an interface. The zero Object is nil.
type Object struct{ pointer unsafe.Pointer }

// inprocOrLocal is CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER.
const inprocOrLocal = 0x1 | 0x4

// Create makes an object of a class, as one of its interfaces.
func Create(name string, class, iface windows.GUID) (Object, error) {
	var o Object
	r, _, _ := procCoCreateInstance.Call(uintptr(unsafe.Pointer(&class)), 0, inprocOrLocal, uintptr(unsafe.Pointer(&iface)), uintptr(unsafe.Pointer(&o.pointer)))
	return o, failed("CoCreateInstance "+name, r)
}

func failed(method string, r uintptr) error {
	if code := hresult.Code(uint32(r)); code.Failed() {
		return &Error{method, code}
	}
	return nil
}

// Nil says whether there is no object.
func (o Object) Nil() bool { return o.pointer == nil }

// Call calls the method in a slot of the vtable: 0 to 2 are those of IUnknown, 3 to 6 those of IDispatch where the interface
// derives from it. The name is for errors: "ITaskFolder.GetTask". Success codes (S_FALSE) are no errors.
func (o Object) Call(slot int, name string, args ...uintptr) error {
	if o.pointer == nil {
		return fmt.Errorf("%s: there is no object", name)
	}
	table := *(*unsafe.Pointer)(o.pointer)
	method := *(*uintptr)(unsafe.Add(table, uintptr(slot)*unsafe.Sizeof(uintptr(0))))
	r, _, _ := syscall.SyscallN(method, append([]uintptr{uintptr(o.pointer)}, args...)...)
	return failed(name, r)
}

// Out calls a method whose last argument is where it puts an object.
func (o Object) Out(slot int, name string, args ...uintptr) (Object, error) {
	var out Object
	err := o.Call(slot, name, append(args, uintptr(unsafe.Pointer(&out.pointer)))...)
	if err == nil && out.Nil() {
		err = fmt.Errorf("%s: gave no object and no error", name)
	}
	return out, err
}

// Query asks for another interface.
func (o Object) Query(name string, iface windows.GUID) (Object, error) {
	return o.Out(0, "QueryInterface "+name, uintptr(unsafe.Pointer(&iface)))
}

// Release gives the object back; of no object it does nothing.
func (o Object) Release() {
	if o.pointer != nil {
		_ = o.Call(2, "Release") // its result is a count, not an HRESULT
	}
}

// Text calls a method whose last argument is where it puts a BSTR.
func (o Object) Text(slot int, name string, args ...uintptr) (string, error) {
	var s *uint16
	err := o.Call(slot, name, append(args, uintptr(unsafe.Pointer(&s)))...)
	defer procSysFreeString.Call(uintptr(unsafe.Pointer(s)))
	if err != nil || s == nil {
		return "", err
	}
	n, _, _ := procSysStringLen.Call(uintptr(unsafe.Pointer(s)))
	return windows.UTF16ToString(unsafe.Slice(s, n)), nil
}

// Int calls a method whose last argument is where it puts a LONG or an enumeration.
func (o Object) Int(slot int, name string, args ...uintptr) (int32, error) {
	var n int32
	err := o.Call(slot, name, append(args, uintptr(unsafe.Pointer(&n)))...)
	return n, err
}

// Bool calls a method whose last argument is where it puts a VARIANT_BOOL.
func (o Object) Bool(slot int, name string, args ...uintptr) (bool, error) {
	var b int16
	err := o.Call(slot, name, append(args, uintptr(unsafe.Pointer(&b)))...)
	return b != 0, err
}

// BSTR is a string of the COM allocator. Free it.
type BSTR uintptr

// NewBSTR makes a BSTR. It fails for text with a NUL.
func NewBSTR(s string) (BSTR, error) {
	units, err := windows.UTF16FromString(s)
	if err != nil {
		return 0, fmt.Errorf("%q holds a NUL character", s)
	}
	p, _, _ := procSysAllocStringLen.Call(uintptr(unsafe.Pointer(&units[0])), uintptr(len(units)-1))
	return BSTR(p), nil
}

// Free gives it back.
func (b BSTR) Free() { procSysFreeString.Call(uintptr(b)) }

// Arg is the BSTR as an argument of [Object.Call].
func (b BSTR) Arg() uintptr { return uintptr(b) }

// Variant is a VARIANT. The zero Variant is VT_EMPTY.
type Variant struct {
	Type  uint16 // VT_…
	_     [3]uint16
	Value uint64
	_     uint64
}

// The types of variants that are used here.
const (
	VTEmpty = 0
	VTI4    = 3
	VTBSTR  = 8
	VTBool  = 11
)

// Arg is the variant as an argument of [Object.Call]: on amd64 and arm64 one of 24 bytes goes by reference.
func (v *Variant) Arg() uintptr { return uintptr(unsafe.Pointer(v)) }

// Clear gives back what it holds.
func (v *Variant) Clear() { procVariantClear.Call(uintptr(unsafe.Pointer(v))) }
