package eventlog

import (
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/sdk"
)

var (
	wevtapi                         = windows.NewLazySystemDLL("wevtapi.dll")
	procEvtQuery                    = wevtapi.NewProc("EvtQuery")
	procEvtNext                     = wevtapi.NewProc("EvtNext")
	procEvtSeek                     = wevtapi.NewProc("EvtSeek")
	procEvtRender                   = wevtapi.NewProc("EvtRender")
	procEvtClose                    = wevtapi.NewProc("EvtClose")
	procEvtCancel                   = wevtapi.NewProc("EvtCancel")
	procEvtOpenLog                  = wevtapi.NewProc("EvtOpenLog")
	procEvtGetLogInfo               = wevtapi.NewProc("EvtGetLogInfo")
	procEvtOpenChannelConfig        = wevtapi.NewProc("EvtOpenChannelConfig")
	procEvtGetChannelConfigProperty = wevtapi.NewProc("EvtGetChannelConfigProperty")
	procEvtSetChannelConfigProperty = wevtapi.NewProc("EvtSetChannelConfigProperty")
	procEvtSaveChannelConfig        = wevtapi.NewProc("EvtSaveChannelConfig")
	procEvtCreateBookmark           = wevtapi.NewProc("EvtCreateBookmark")
	procEvtOpenPublisherMetadata    = wevtapi.NewProc("EvtOpenPublisherMetadata")
	procEvtFormatMessage            = wevtapi.NewProc("EvtFormatMessage")
)

// handle is an EVT_HANDLE. Zero is none.
type handle uintptr

func (h handle) Close() error {
	if h == 0 {
		return nil
	}
	_, err := call(procEvtClose, uintptr(h))
	return err
}

// call calls a function that gives zero where it fails. A Windows of another make can export a function and not carry it
// out: to fail without a code is how some of those answer, and others end the process, so that behind a function that has
// failed none is called that needs what it gives.
func call(p *windows.LazyProc, args ...uintptr) (uintptr, error) {
	if err := p.Find(); err != nil {
		return 0, &CallError{p.Name, uint32(windows.ERROR_PROC_NOT_FOUND), err.Error()}
	}
	r, _, err := p.Call(args...)
	if r != 0 {
		return r, nil
	}
	code, _ := err.(syscall.Errno)
	return 0, &CallError{p.Name, uint32(code), code.Error()}
}

// open calls a function that gives a handle.
//
//go:uintptrescapes
func open(p *windows.LazyProc, args ...uintptr) (handle, error) {
	r, err := call(p, args...)
	return handle(r), err
}

// answerTime bounds how long the service is waited for.
const answerTime = 30 * time.Second

// answered waits for a call that takes no time limit of its own. The service may hang: then the call is left behind, and
// what it gives in the end is dropped.
func answered[T any](what string, ask func() (T, error), drop func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	came := make(chan answer)
	left := make(chan struct{})
	go func() {
		value, err := ask()
		select {
		case came <- answer{value, err}:
		case <-left:
			if err == nil && drop != nil {
				drop(value)
			}
		}
	}()
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case a := <-came:
		return a.value, a.err
	case <-timer.C:
		close(left)
		var none T
		return none, sdk.Errorf(sdk.Unavailable, "the Event Log service has not answered %s within %v", what, answerTime).
			WithHint("look whether the service EventLog is running")
	}
}

func text16(s string) (*uint16, error) {
	p, err := windows.UTF16PtrFromString(s)
	if err != nil {
		return nil, sdk.Errorf(sdk.InvalidInput, "%q holds a NUL character", s)
	}
	return p, nil
}

// variant is an EVT_VARIANT.
type variant struct {
	value uint64 // or a pointer
	count uint32
	typ   uint32
}

// EVT_VARIANT_TYPE.
const (
	varString  = 1
	varUint32  = 8
	varUint64  = 10
	varBoolean = 13
)

// maxProperty bounds what a property is read into.
const maxProperty = 64 << 10

// property reads one property of a log, or of a channel's settings. Text is found behind the variant, in the same buffer.
func property(p *windows.LazyProc, h handle, id uintptr) ([]variant, error) {
	buffer := make([]variant, 64)
	for {
		var used uint32
		var err error
		size := len(buffer) * int(unsafe.Sizeof(variant{}))
		if p == procEvtGetLogInfo {
			_, err = call(p, uintptr(h), id, uintptr(size), uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&used)))
		} else { // flags come before the size
			_, err = call(p, uintptr(h), id, 0, uintptr(size), uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&used)))
		}
		var failed *CallError
		switch {
		case err == nil:
			return buffer, nil
		case errors.As(err, &failed) && failed.Code == uint32(windows.ERROR_INSUFFICIENT_BUFFER) && int(used) > size && used <= maxProperty:
			buffer = make([]variant, int(used)/int(unsafe.Sizeof(variant{}))+1)
		default:
			return nil, err
		}
	}
}

// numeric reads a property that is a number.
func numeric(p *windows.LazyProc, h handle, id uintptr) (uint64, error) {
	b, err := property(p, h, id)
	switch {
	case err != nil:
		return 0, err
	case b[0].typ == varUint64:
		return b[0].value, nil
	case b[0].typ == varUint32, b[0].typ == varBoolean:
		return b[0].value & 0xFFFFFFFF, nil
	}
	return 0, fmt.Errorf("%s gives a value of the type %d, expected a number", p.Name, b[0].typ)
}

// textOf gives the text that the first variant of a buffer points at, which lies in that buffer.
func textOf(b []variant) string {
	begin := uintptr(unsafe.Pointer(&b[0]))
	size := uintptr(len(b)) * unsafe.Sizeof(b[0])
	at := uintptr(b[0].value) - begin
	if b[0].typ != varString || at >= size || at%2 != 0 {
		return ""
	}
	units := unsafe.Slice((*uint16)(unsafe.Pointer(&b[0])), size/2)
	return windows.UTF16ToString(units[at/2:])
}
