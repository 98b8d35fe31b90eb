package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// result is a handle of a query.
type result struct {
	handle
	buffer []uint16 // that events are shown in
}

// infinite is INFINITE: how long a call waits is bounded by the context.
const infinite = 0xFFFFFFFF

func (r *result) Next(ctx context.Context, limit int) ([]Event, error) {
	handles, err := next(ctx, r.handle, limit)
	if err != nil {
		return nil, err
	}
	events := make([]Event, 0, len(handles))
	for _, h := range handles {
		events = append(events, r.show(h))
		h.Close()
	}
	return events, nil
}

// next gives the handles of the next events. When the context ends the service is told to stop looking.
func next(ctx context.Context, h handle, limit int) ([]handle, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit = max(min(limit, 1024), 1)
	handles := make([]handle, limit)
	canceled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(canceled)
		_, _ = call(procEvtCancel, uintptr(h)) // the context's own error is given
	})
	defer func() {
		if !stop() {
			<-canceled // the handle is not closed before
		}
	}()
	var count uint32
	_, err := call(procEvtNext, uintptr(h), uintptr(limit), uintptr(unsafe.Pointer(&handles[0])), infinite, 0, uintptr(unsafe.Pointer(&count)))
	var failed *CallError
	switch {
	case err == nil && count > 0 && int(count) <= limit:
		return handles[:count], nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &failed) && failed.Code == uint32(windows.ERROR_NO_MORE_ITEMS):
		return nil, io.EOF
	case err == nil:
		return nil, fmt.Errorf("EvtNext gives %d of at most %d events", count, limit)
	}
	return nil, err
}

// renderXML is EvtRenderEventXml.
const renderXML = 1

// show gives an event as XML.
func (r *result) show(event handle) Event {
	if r.buffer == nil {
		r.buffer = make([]uint16, 8<<10)
	}
	for {
		var used, properties uint32
		size := 2 * len(r.buffer) // in bytes, other than that of EvtFormatMessage
		_, err := call(procEvtRender, 0, uintptr(event), renderXML, uintptr(size), uintptr(unsafe.Pointer(&r.buffer[0])),
			uintptr(unsafe.Pointer(&used)), uintptr(unsafe.Pointer(&properties)))
		var failed *CallError
		switch {
		case err == nil:
			// Not up to the first NUL: programs log such characters within their text.
			return Event{XML: strings.TrimRight(string(utf16.Decode(r.buffer[:min(int(used)/2, len(r.buffer))])), "\x00")}
		case !errors.As(err, &failed) || failed.Code != uint32(windows.ERROR_INSUFFICIENT_BUFFER) || int(used) <= size:
			return Event{Err: err}
		case used > 2*maxXML:
			return Event{Err: fmt.Errorf("the event takes %d bytes as XML, at most %d are read", used, 2*maxXML)}
		}
		r.buffer = make([]uint16, used/2+1)
	}
}
