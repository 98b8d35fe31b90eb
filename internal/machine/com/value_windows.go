package com

import (
	"fmt"
	"runtime"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	oleaut32              = windows.NewLazySystemDLL("oleaut32.dll")
	procSysAllocStringLen = oleaut32.NewProc("SysAllocStringLen")
	procSysFreeString     = oleaut32.NewProc("SysFreeString")
	procSysStringLen      = oleaut32.NewProc("SysStringLen")
	procVariantClear      = oleaut32.NewProc("VariantClear")
)

// BSTR is a string of the COM allocator. Free it. The zero BSTR is an empty string.
type BSTR uintptr

// NewBSTR makes a BSTR. It fails for text with a NUL.
func NewBSTR(s string) (BSTR, error) {
	units, err := windows.UTF16FromString(s)
	if err != nil {
		return 0, fmt.Errorf("%q holds a NUL character", s)
	}
	p, _, _ := procSysAllocStringLen.Call(uintptr(unsafe.Pointer(&units[0])), uintptr(len(units)-1))
	if p == 0 {
		return 0, fmt.Errorf("no memory for a string of %d characters", len(units)-1)
	}
	return BSTR(p), nil
}

// Free gives it back.
func (b BSTR) Free() { procSysFreeString.Call(uintptr(b)) }

// Arg is the BSTR as an argument of [Object.Call].
func (b BSTR) Arg() uintptr { return uintptr(b) }

// String is the whole of its text: a NUL does not end it.
func (b BSTR) String() string {
	if b == 0 {
		return ""
	}
	n, _, _ := procSysStringLen.Call(uintptr(b))
	at := *(**uint16)(unsafe.Pointer(&b)) // memory of oleaut32, which Go does not manage
	return string(utf16.Decode(unsafe.Slice(at, n)))
}

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

// NewInt makes a variant of a number.
func NewInt(n int32) *Variant { return &Variant{Type: VTI4, Value: uint64(uint32(n))} }

// NewText makes a variant of text. It fails for text with a NUL.
func NewText(s string) (*Variant, error) {
	b, err := NewBSTR(s)
	if err != nil {
		return nil, err
	}
	return &Variant{Type: VTBSTR, Value: uint64(b)}, nil
}

// Arg is the variant as an argument of [Object.Call]: on amd64 and arm64 one of 24 bytes goes by reference. Clear it after the
// call, whatever it holds: until then it stays where it is. One variant is one argument.
func (v *Variant) Arg() uintptr {
	var pins runtime.Pinner
	pins.Pin(v) // so that it never stands on a stack, which moves; that it is used after the call keeps it alive
	pins.Unpin()
	return uintptr(unsafe.Pointer(v))
}

// Clear gives back what it holds.
func (v *Variant) Clear() { procVariantClear.Call(uintptr(unsafe.Pointer(v))) }
