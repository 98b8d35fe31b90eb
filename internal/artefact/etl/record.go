package etl

import (
	"encoding/hex"
	"fmt"
)

// Record types, the third byte of a record's marker (TRACE_HEADER_TYPE_*, ntwmi.h).
const (
	recordSystem32   = 0x01
	recordSystem64   = 0x02
	recordCompact32  = 0x03
	recordCompact64  = 0x04
	recordClassic32  = 0x0a
	recordInstance32 = 0x0b
	recordPerf32     = 0x10
	recordPerf64     = 0x11
	recordEvent32    = 0x12
	recordEvent64    = 0x13
	recordClassic64  = 0x14
	recordInstance64 = 0x15
)

// records walks the records of one unpacked buffer, each aligned to 8 bytes.
func (w *walker) records(at int64, packed bool, b []byte) error {
	for p := 0; p+8 <= len(b); {
		marker := le.Uint32(b[p:])
		if marker == 0 || marker == 0xffffffff {
			return nil
		}
		flags, kind := byte(marker>>24), byte(marker>>16)
		// The size is in the marker's low half, save for the kernel's own
		// records, whose marker has a version there.
		size := int(uint16(marker))
		if flags == 0xc0 {
			switch kind {
			case recordSystem32, recordSystem64, recordCompact32, recordCompact64, recordPerf32, recordPerf64:
				size = int(le.Uint16(b[p+4:]))
			}
		}
		if flags&0x80 == 0 || size < 8 || size > len(b)-p {
			reason := fmt.Sprintf("record marker %08x with size %d at +0x%x, %d bytes are left", marker, size, p+bufferHeaderSize, len(b)-p)
			w.stats.damage(at, reason)
			return nil
		}
		e := Event{Offset: at, Position: p + bufferHeaderSize, Compressed: packed}
		if w.trace.record(&e, flags, kind, b[p:p+size]) {
			w.stats.count(&e)
			if err := w.fn(&e); err != nil {
				return err
			}
		}
		p += (size + 7) &^ 7
	}
	return nil
}

// record reads one record into e; false for the description of the session.
func (t *Trace) record(e *Event, flags, kind byte, b []byte) bool {
	if flags&0xf0 == 0x90 {
		t.wpp(e, b)
		return true
	}
	if flags != 0xc0 {
		e.Kind, e.Problem = Other, fmt.Sprintf("record flags 0x%02x", flags)
		return true
	}
	switch kind {
	case recordEvent32, recordEvent64:
		t.event(e, b)
	case recordSystem32, recordSystem64, recordCompact32, recordCompact64, recordPerf32, recordPerf64:
		t.kernel(e, kind, b)
		return !(e.ID>>8 == 0 && (kind == recordSystem32 || kind == recordSystem64))
	case recordClassic32, recordClassic64, recordInstance32, recordInstance64:
		t.classic(e, b)
	default:
		e.Kind, e.Problem = Other, fmt.Sprintf("record type 0x%02x", kind)
	}
	return true
}

// kernel reads SYSTEM_TRACE_HEADER, its compact form and PERFINFO_TRACE_HEADER.
// System records of group 0 (EVENT_TRACE_GROUP_HEADER) describe the session.
func (t *Trace) kernel(e *Event, kind byte, b []byte) {
	e.Kind, e.ID, e.Opcode = Kernel, uint16(b[7])<<8|uint16(b[6]), b[6]
	stamp := 16
	switch kind {
	case recordPerf32, recordPerf64:
		stamp = 8
	default:
		if len(b) >= 16 {
			e.ThreadID, e.ProcessID = le.Uint32(b[8:]), le.Uint32(b[12:])
		}
	}
	if len(b) >= stamp+8 {
		e.Time = t.clock.utc(le.Uint64(b[stamp:]))
	}
}

// classic reads EVENT_TRACE_HEADER and EVENT_INSTANCE_GUID_HEADER (evntrace.h),
// which begin alike.
func (t *Trace) classic(e *Event, b []byte) {
	e.Kind = Classic
	if len(b) < 48 {
		e.Problem = fmt.Sprintf("classic record of %d bytes, expected at least 48", len(b))
		return
	}
	e.Opcode, e.Level = b[4], b[5]
	e.ID = uint16(b[4])
	e.ThreadID, e.ProcessID = le.Uint32(b[8:]), le.Uint32(b[12:])
	e.Time = t.clock.utc(le.Uint64(b[16:]))
	e.ProviderGUID = guidText(b[24:40])
	if systemClass(e.ProviderGUID) {
		e.Kind = Kernel
		return
	}
	e.Problem = "a classic event: its text needs the provider's MOF class"
}

// systemClass tells whether classic events of this class are what the system
// and its tools add to a trace to describe the machine.
func systemClass(guid string) bool {
	switch guid {
	case "68fdd900-4a3e-11d1-84f4-0000f80464e3", // EventTraceGuid: the session
		"9b79ee91-b5fd-41c0-a243-4248e266e9d0", // SystemConfigExGuid: volumes and devices
		"01853a65-418f-4f36-aefc-dc0f1d2fd235", // SystemConfigGuid: hardware
		"ed54dff8-c409-4cf6-bf83-05e1e61a09c4", // WinSatAssessmentGuid: performance ratings
		"b3e675d7-2554-4f18-830b-2762732560de": // KernelTraceControl: images
		return true
	}
	return false
}

// Option flags of a WPP message (TRACE_MESSAGE_*, evntrace.h), in the order in
// which what they announce follows the header.
const (
	wppSequence        = 0x01
	wppGUID            = 0x02
	wppComponent       = 0x04
	wppTimestamp       = 0x08
	wppPerformanceTime = 0x10
	wppSystemInfo      = 0x20
)

// wpp reads MESSAGE_TRACE_HEADER: what a message says about itself. Its text is
// in the symbols of the program that logged it, its arguments stay packed.
func (t *Trace) wpp(e *Event, b []byte) {
	e.Kind, e.ID = WPP, le.Uint16(b[4:])
	e.Problem = "a WPP message: its text needs the symbols of the program that logged it"
	options, rest := le.Uint16(b[6:]), b[8:]
	take := func(n int) []byte {
		if len(rest) < n {
			e.Problem = "a WPP message that ends within its header"
			rest = nil
			return nil
		}
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	if options&wppSequence != 0 {
		take(4)
	}
	switch {
	case options&wppGUID != 0:
		if g := take(16); g != nil {
			e.ProviderGUID = guidText(g)
		}
	case options&wppComponent != 0:
		take(4)
	}
	if options&(wppTimestamp|wppPerformanceTime) != 0 {
		if s := take(8); s != nil {
			e.Time = t.clock.utc(le.Uint64(s))
		}
	}
	if options&wppSystemInfo != 0 {
		if s := take(8); s != nil {
			e.ThreadID, e.ProcessID = le.Uint32(s), le.Uint32(s[4:])
		}
	}
}

// guidText writes the 16 bytes of b in the usual form, without braces.
func guidText(b []byte) string {
	var s [36]byte
	order := [16]byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
	hex.Encode(s[0:8], order[0:4])
	hex.Encode(s[9:13], order[4:6])
	hex.Encode(s[14:18], order[6:8])
	hex.Encode(s[19:23], order[8:10])
	hex.Encode(s[24:36], order[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
