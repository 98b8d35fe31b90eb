package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Flags of stored settings.
const (
	usesProxy  = 1 << 1
	usesScript = 1 << 2
	detects    = 1 << 3
)

// decode reads WinHttpSettings and DefaultConnectionSettings, which have one format that Microsoft does not describe: the
// version, a counter of changes, flags, then three texts behind their lengths, all in 32 bits, little-endian. WinHttpSettings
// end with the second text. What a flag has switched off can still be there; it does not count.
func decode(b []byte) (Settings, error) {
	if len(b) < 12 {
		return Settings{}, fmt.Errorf("it has %d bytes, at least 12 are expected", len(b))
	}
	flags := binary.LittleEndian.Uint32(b[8:])
	rest := b[12:]
	var texts [3]string
	for i := range texts {
		if len(rest) == 0 {
			break
		}
		if len(rest) < 4 {
			return Settings{}, errors.New("it ends in the length of a text")
		}
		n := binary.LittleEndian.Uint32(rest)
		rest = rest[4:]
		if uint64(n) > uint64(len(rest)) {
			return Settings{}, fmt.Errorf("a text in it has %d bytes, and %d are left", n, len(rest))
		}
		texts[i], rest = string(rest[:n]), rest[n:]
	}
	s := Settings{AutoDetect: flags&detects != 0}
	if flags&usesProxy != 0 {
		s.Proxy, s.Bypass = texts[0], list(texts[1])
	}
	if flags&usesScript != 0 {
		s.ScriptURL = texts[2]
	}
	return s, nil
}
