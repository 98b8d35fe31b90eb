package power

import (
	"errors"
	"fmt"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	wtsapi32            = windows.NewLazySystemDLL("wtsapi32.dll")
	procWTSSendMessageW = wtsapi32.NewProc("WTSSendMessageW")
)

// longestText bounds a message, in UTF-16 units: a box that covers the screen is read by nobody.
const longestText = 1000

// Tell shows a message to everybody who is logged on and at the screen, locally or remotely, and does not wait for an answer.
// It says how many sessions there were to show it to. Nobody being there is no error.
func Tell(title, text string) (told int, err error) {
	heading, body, err := boxTexts(title, text)
	if err != nil {
		return 0, err
	}
	if err := procWTSSendMessageW.Find(); err != nil {
		return 0, err
	}
	var list *windows.WTS_SESSION_INFO
	var n uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &list, &n); err != nil {
		return 0, fmt.Errorf("WTSEnumerateSessionsW: %w", err)
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(list)))
	var failed error
	for _, s := range unsafe.Slice(list, n) {
		if s.State != windows.WTSActive {
			continue
		}
		const okOnly, informative = 0x0, 0x40
		var answer uint32
		ok, _, err := procWTSSendMessageW.Call(0, uintptr(s.SessionID),
			uintptr(unsafe.Pointer(&heading[0])), uintptr(2*(len(heading)-1)), uintptr(unsafe.Pointer(&body[0])), uintptr(2*(len(body)-1)),
			okOnly|informative, 0, uintptr(unsafe.Pointer(&answer)), 0)
		if ok == 0 && errors.Is(err, windows.ERROR_SUCCESS) {
			err = errors.New("it fails without a reason")
		}
		if ok == 0 {
			failed = errors.Join(failed, fmt.Errorf("WTSSendMessageW to session %d: %w", s.SessionID, err))
			continue
		}
		told++
	}
	return told, failed
}

func boxTexts(title, text string) (heading, body []uint16, err error) {
	units := utf16.Encode([]rune(text))
	heading, err = windows.UTF16FromString(title)
	if err == nil {
		body, err = windows.UTF16FromString(string(utf16.Decode(units[:min(len(units), longestText)])))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the message %.40q holds a NUL character", text)
	}
	return heading, body, nil
}
