package holders

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

type system struct{ start, register, list, end *windows.LazyProc }

// Live asks Restart Manager of the running Windows; elsewhere every answer is [ErrNotWindows].
func Live() Asker {
	dll := windows.NewLazySystemDLL("rstrtmgr.dll")
	return system{dll.NewProc("RmStartSession"), dll.NewProc("RmRegisterResources"), dll.NewProc("RmGetList"), dll.NewProc("RmEndSession")}
}

const (
	longest      = 10 * time.Second // an answer may take; it has been seen to take seconds
	maxProcesses = 1024             // beyond that the answer is not read
	rounds       = 4                // of asking again because there are more processes than a moment before
	keyLen       = 32 + 1           // CCH_RM_SESSION_KEY and the NUL
)

// Holding asks in a session of its own, which shuts nothing down: the part that would is never called.
func (s system) Holding(ctx context.Context, files []string) ([]Holder, error) {
	for _, proc := range []*windows.LazyProc{s.start, s.register, s.list, s.end} {
		if err := proc.Find(); err != nil {
			return nil, fmt.Errorf("this Windows has no Restart Manager: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	type answer struct {
		records []byte
		err     error
	}
	done := make(chan answer, 1)
	go func() {
		records, err := s.ask(files)
		done <- answer{records, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return nil, a.err
		}
		return decode(a.records)
	case <-ctx.Done(): // the session is ended when Restart Manager comes back
		return nil, fmt.Errorf("no answer of Restart Manager: %w", ctx.Err())
	}
}

func (s system) ask(files []string) (records []byte, err error) {
	names := make([]*uint16, len(files))
	for i, file := range files {
		if names[i], err = windows.UTF16PtrFromString(file); err != nil {
			return nil, fmt.Errorf("%q: %w", file, err)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	var session uint32
	var key [keyLen]uint16
	r, _, _ := s.start.Call(uintptr(unsafe.Pointer(&session)), 0, uintptr(unsafe.Pointer(&key[0])))
	if err := failed("RmStartSession", r); err != nil {
		return nil, err
	}
	defer func() {
		r, _, _ := s.end.Call(uintptr(session))
		err = errors.Join(err, failed("RmEndSession", r))
	}()
	r, _, _ = s.register.Call(uintptr(session), uintptr(len(names)), uintptr(unsafe.Pointer(&names[0])), 0, 0, 0, 0)
	runtime.KeepAlive(names)
	if err := failed("RmRegisterResources", r); err != nil {
		return nil, err
	}
	room := uint32(16)
	for range rounds {
		records := make([]byte, int(room)*recordLen)
		var needed, reasons uint32
		got := room
		r, _, _ := s.list.Call(uintptr(session), uintptr(unsafe.Pointer(&needed)), uintptr(unsafe.Pointer(&got)),
			uintptr(unsafe.Pointer(&records[0])), uintptr(unsafe.Pointer(&reasons)))
		err := failed("RmGetList", r)
		switch {
		case err == nil && got <= room:
			return records[:int(got)*recordLen], nil
		case err == nil:
			return nil, fmt.Errorf("RmGetList says that it has written %d records into room for %d", got, room)
		case !errors.Is(err, windows.ERROR_MORE_DATA):
			return nil, err
		case needed > maxProcesses:
			return nil, fmt.Errorf("%d processes have it open, at most %d are read", needed, maxProcesses)
		}
		room = max(needed, room) + 8
	}
	return nil, errors.New("the processes that have it open change faster than they can be read")
}

// failed makes an error of the result of one of the functions, which is the number of an error.
func failed(name string, result uintptr) error {
	if result == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", name, windows.Errno(result))
}
