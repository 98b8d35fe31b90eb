package com

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/sdk/hresult"
)

var (
	ole32                = windows.NewLazySystemDLL("ole32.dll")
	procCoCreateInstance = ole32.NewProc("CoCreateInstance")
)

// Object is a pointer to an interface. The zero Object is nil.
type Object struct{ pointer unsafe.Pointer }

// inprocOrLocal is CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER.
const inprocOrLocal = 0x1 | 0x4

// Create makes an object of a class, as one of its interfaces. The name is for errors.
func Create(name string, class, iface windows.GUID) (Object, error) {
	var o Object
	r, _, _ := procCoCreateInstance.Call(uintptr(unsafe.Pointer(&class)), 0, inprocOrLocal, uintptr(unsafe.Pointer(&iface)), uintptr(unsafe.Pointer(&o.pointer)))
	err := failed("CoCreateInstance "+name, r)
	if err == nil && o.Nil() {
		err = fmt.Errorf("CoCreateInstance %s: gave no object and no error", name)
	}
	return o, err
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
//
//go:uintptrescapes
func (o Object) Call(slot int, name string, args ...uintptr) error {
	if o.pointer == nil {
		return fmt.Errorf("%s: there is no object", name)
	}
	r, _, _ := syscall.SyscallN(o.method(slot), append([]uintptr{uintptr(o.pointer)}, args...)...)
	return failed(name, r)
}

func (o Object) method(slot int) uintptr {
	table := *(*unsafe.Pointer)(o.pointer)
	return *(*uintptr)(unsafe.Add(table, uintptr(slot)*unsafe.Sizeof(uintptr(0))))
}

// Get calls a method whose last argument is where it puts a T: int32 for LONG and enumerations, int16 for VARIANT_BOOL,
// float64 for DATE, [16]byte for DECIMAL, [Variant]. What it put is given also beside an error.
func Get[T any](o Object, slot int, name string, args ...uintptr) (T, error) {
	out := new(T)
	var pins runtime.Pinner // the stack of a goroutine moves when it grows; what is pinned does not stand there
	pins.Pin(out)
	defer pins.Unpin()
	err := o.Call(slot, name, append(args[:len(args):len(args)], uintptr(unsafe.Pointer(out)))...)
	return *out, err
}

// Out calls a method whose last argument is where it puts an object.
//
//go:uintptrescapes
func (o Object) Out(slot int, name string, args ...uintptr) (Object, error) {
	out, err := Get[Object](o, slot, name, args...)
	if err == nil && out.Nil() {
		err = fmt.Errorf("%s: gave no object and no error", name)
	}
	return out, err
}

// Query asks for another interface. The name is for errors.
func (o Object) Query(name string, iface windows.GUID) (Object, error) {
	return o.Out(0, "QueryInterface "+name, uintptr(unsafe.Pointer(&iface)))
}

// Release gives the object back; of no object it does nothing.
func (o Object) Release() {
	if o.pointer != nil {
		_, _, _ = syscall.SyscallN(o.method(2), uintptr(o.pointer)) // its result is a count, not an HRESULT
	}
}

// Text calls a method whose last argument is where it puts a BSTR.
//
//go:uintptrescapes
func (o Object) Text(slot int, name string, args ...uintptr) (string, error) {
	s, err := Get[BSTR](o, slot, name, args...)
	defer s.Free()
	if err != nil {
		return "", err
	}
	return s.String(), nil
}

// Int calls a method whose last argument is where it puts a LONG or an enumeration.
//
//go:uintptrescapes
func (o Object) Int(slot int, name string, args ...uintptr) (int32, error) {
	return Get[int32](o, slot, name, args...)
}

// Bool calls a method whose last argument is where it puts a VARIANT_BOOL.
//
//go:uintptrescapes
func (o Object) Bool(slot int, name string, args ...uintptr) (bool, error) {
	b, err := Get[int16](o, slot, name, args...)
	return b != 0, err
}

// Date calls a method whose last argument is where it puts a DATE, which is in a zone that the caller knows. The zero time
// is no date.
//
//go:uintptrescapes
func (o Object) Date(slot int, name string, in *time.Location, args ...uintptr) (time.Time, error) {
	days, err := Get[float64](o, slot, name, args...)
	if err != nil {
		return time.Time{}, err
	}
	t, _ := FromDate(days, in)
	return t, nil
}

// BoolArg is a VARIANT_BOOL as an argument of [Object.Call].
func BoolArg(b bool) uintptr {
	if b {
		return 0xFFFF // VARIANT_TRUE
	}
	return 0
}
