package evtx

import (
	"encoding/binary"
	"strconv"
	"time"
)

// The values of Event/System that a record takes over, as indices of program.system.
const (
	systemProvider = iota
	systemProviderGUID
	systemID
	systemQualifiers
	systemVersion
	systemLevel
	systemTask
	systemOpcode
	systemKeywords
	systemTime
	systemRecordID
	systemActivityID
	systemProcessID
	systemThreadID
	systemChannel
	systemComputer
	systemUserSID
	systemFields

	systemOther = -1
)

func systemField(element, attribute string) int {
	switch element + "/" + attribute {
	case "Provider/Name":
		return systemProvider
	case "Provider/Guid":
		return systemProviderGUID
	case "EventID/":
		return systemID
	case "EventID/Qualifiers":
		return systemQualifiers
	case "Version/":
		return systemVersion
	case "Level/":
		return systemLevel
	case "Task/":
		return systemTask
	case "Opcode/":
		return systemOpcode
	case "Keywords/":
		return systemKeywords
	case "TimeCreated/SystemTime":
		return systemTime
	case "EventRecordID/":
		return systemRecordID
	case "Correlation/ActivityID":
		return systemActivityID
	case "Execution/ProcessID":
		return systemProcessID
	case "Execution/ThreadID":
		return systemThreadID
	case "Channel/":
		return systemChannel
	case "Computer/":
		return systemComputer
	case "Security/UserID":
		return systemUserSID
	}
	return systemOther
}

// number returns a System value as a number, and whether it is one.
func (s *scanner) number(in instance, field int) (uint64, bool) {
	v := in.lookup(in.prog.system[field])
	d := s.bytes(v)
	switch {
	case v.typ == typeString:
		n, err := strconv.ParseUint(string(appendUTF16(nil, d)), 0, 64)
		return n, err == nil
	case v.typ >= typeInt8 && v.typ <= typeUint64, v.typ == typeHex32, v.typ == typeHex64, v.typ == typeSizeT:
		if len(d) == 0 || len(d) > 8 {
			return 0, false
		}
		return littleEndian(d), true
	}
	return 0, false
}

// shared returns a System value as text that many records have in common.
func (s *scanner) shared(in instance, field int) string {
	v := in.lookup(in.prog.system[field])
	if v.typ == typeString && v.n <= 2*maxNameChars {
		return s.intern(s.bytes(v))
	}
	s.left -= int(v.n) // a literal of the template may be as long as the chunk
	return string(s.appendValue(nil, v))
}

// when returns System/TimeCreated.
func (s *scanner) when(in instance) (time.Time, bool) {
	v := in.lookup(in.prog.system[systemTime])
	d := s.bytes(v)
	switch {
	case v.typ == typeFileTime && len(d) == 8:
		return fileTime(binary.LittleEndian.Uint64(d)), true
	case v.typ == typeSystemTime && len(d) == 16:
		return systemTimeOf(d), true
	case v.typ == typeString:
		t, err := time.Parse(time.RFC3339Nano, string(appendUTF16(nil, d)))
		return t.UTC(), err == nil
	}
	return time.Time{}, false
}
