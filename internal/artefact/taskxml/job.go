package taskxml

import (
	"encoding/binary"
	"fmt"
	"unicode/utf16"
)

// Places in the fixed part of a .job file ([MS-TSCH] 2.4.1).
const (
	jobFileVersion = 2  // u16, always 1
	jobAppName     = 20 // u16, where the variable part has the name of the program
	jobFlags       = 48 // u32
	jobFixed       = 68

	jobDisabled = 1 << 2
	jobHidden   = 1 << 9
)

// isJob knows a .job file by the version of Windows that it begins with, and by its own.
func isJob(b []byte) bool {
	if len(b) < jobFixed+2 || binary.LittleEndian.Uint16(b[jobFileVersion:]) != 1 {
		return false
	}
	switch binary.LittleEndian.Uint16(b) {
	case 0x0400, 0x0500, 0x0501, 0x0502, 0x0600, 0x0601, 0x0602, 0x0603, 0x0A00:
		return true
	}
	return false
}

// parseJob reads what a .job file runs, and as it says, by whom it was made; not its triggers.
func parseJob(b []byte) (*Definition, error) {
	flags := binary.LittleEndian.Uint32(b[jobFlags:])
	d := &Definition{Format: Job, Enabled: flags&jobDisabled == 0, Hidden: flags&jobHidden != 0}
	a := Action{Kind: Exec}
	at := int(binary.LittleEndian.Uint16(b[jobAppName:]))
	for _, field := range []struct {
		name string
		to   *string
	}{{"program", &a.Command}, {"parameters", &a.Arguments}, {"working directory", &a.WorkingDirectory}, {"author", &d.Author}, {"comment", &d.Description}} {
		// A string is a count of code units with the final NUL, and then these.
		if at+2 > len(b) {
			return nil, fmt.Errorf(".job file, at offset %d: no %s in %d bytes", at, field.name, len(b))
		}
		n := int(binary.LittleEndian.Uint16(b[at:]))
		if at += 2; at+2*n > len(b) {
			return nil, fmt.Errorf(".job file, at offset %d: the %s has %d characters, which the file is too short for", at, field.name, n)
		}
		units := make([]uint16, 0, n)
		for i := range n {
			if u := binary.LittleEndian.Uint16(b[at+2*i:]); u != 0 {
				units = append(units, u)
			}
		}
		*field.to = string(utf16.Decode(units))
		at += 2 * n
	}
	d.Actions = []Action{a}
	return d, nil
}
