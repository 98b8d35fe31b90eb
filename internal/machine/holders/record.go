package holders

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"
)

// The layout of RM_PROCESS_INFO (restartmanager.h): it is the same on all processors, because nothing in it is wider than four
// bytes.
const (
	startedAt = 4                    // FILETIME, behind the number of the process
	nameAt    = startedAt + 8        // WCHAR strAppName[CCH_RM_MAX_APP_NAME + 1]
	serviceAt = nameAt + 2*(255+1)   // WCHAR strServiceShortName[CCH_RM_MAX_SVC_NAME + 1]
	kindAt    = serviceAt + 2*(63+1) // RM_APP_TYPE, then AppStatus, TSSessionId, bRestartable
	recordLen = kindAt + 4*4
)

// decode reads an array of RM_PROCESS_INFO.
func decode(records []byte) ([]Holder, error) {
	if len(records)%recordLen != 0 {
		return nil, fmt.Errorf("the answer of Restart Manager has %d bytes, a multiple of %d is expected", len(records), recordLen)
	}
	var all []Holder
	for ; len(records) > 0; records = records[recordLen:] {
		all = append(all, Holder{
			Process: binary.LittleEndian.Uint32(records),
			Started: fromFiletime(binary.LittleEndian.Uint64(records[startedAt:])),
			Name:    text(records[nameAt:serviceAt]),
			Service: text(records[serviceAt:kindAt]),
			Kind:    Kind(binary.LittleEndian.Uint32(records[kindAt:])),
		})
	}
	return all, nil
}

// text reads UTF-16 up to its end or a NUL.
func text(b []byte) string {
	var units []uint16
	for ; len(b) > 1; b = b[2:] {
		unit := binary.LittleEndian.Uint16(b)
		if unit == 0 {
			break
		}
		units = append(units, unit)
	}
	return string(utf16.Decode(units))
}

// fromFiletime reads steps of 100 ns since 1601.
func fromFiletime(steps uint64) time.Time {
	const to1970 = 11644473600
	if steps == 0 || steps > 1<<62 {
		return time.Time{}
	}
	return time.Unix(int64(steps/1e7)-to1970, int64(steps%1e7)*100).UTC()
}
