// Package hive reads registry hives: the files SYSTEM, SOFTWARE, COMPONENTS, NTUSER.DAT and their like, which are looked
// into page by page and never held whole. Changes that Windows had only written to the transaction logs when it stopped
// are taken from there.
//
// Sources of format facts: the "Windows registry file format specification" of Maxim Suhanov, which [regf] stands for.
//
// A hive is taken as hostile: whatever its bytes are, an operation ends, in time and memory bounded by the size of the
// file. A key is only reached from its one true parent, so that a walk over all keys ends too.
package hive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf16"
)

// ErrNotExist is the error for a key or value that is not there.
var ErrNotExist = errors.New("does not exist in the registry")

// CorruptError says that the hive is damaged, and where.
type CorruptError struct {
	Offset int64 // in the file
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("registry hive is corrupt at offset %#x: %s", e.Offset, e.Reason)
}

// Source is a file of size bytes.
type Source struct {
	Reader io.ReaderAt
	Size   int64
}

// Info is what the hive says of itself.
type Info struct {
	Name         string // the end of the path that it was loaded from
	Major, Minor uint32 // version of the format
	Written      time.Time
	// Dirty: Windows was stopped before it had written the hive whole. What the logs could not add is missing or stale.
	Dirty bool
	// Recovered: the logs were applied and lack nothing that can be seen, so that a dirty hive is as Windows left it.
	Recovered bool
	// Replayed is how many log entries were applied, and LogProblems why a log or the rest of it was not used.
	Replayed    int
	LogProblems []string
}

// Hive is an open hive. It is safe for use by several goroutines if its readers are.
type Hive struct {
	file  io.ReaderAt
	size  int64 // of the file, or what the logs made of it
	root  uint32
	info  Info
	minor uint32
}

// Places in the base block, the first 4096 bytes of a hive ([regf] "Base block").
const (
	baseSize    = 4096
	offSequence = 4
	offWritten  = 12
	offMajor    = 20
	offMinor    = 24
	offType     = 28
	offRoot     = 36
	offBinsSize = 40
	offName     = 48
	nameSize    = 64
	offChecksum = 508
	sectorSize  = 512

	maxHive = 4 << 30
)

// Open reads the base block of a hive and, if the hive is dirty, what the logs add to it. Logs are the files .LOG1 and
// .LOG2 beside the hive (or .LOG), in any order; leave out those that do not exist.
func Open(file Source, logs ...Source) (*Hive, error) {
	base, err := readBase(file)
	if err != nil {
		return nil, err
	}
	h := &Hive{file: file.Reader, size: file.Size}
	whole := base.checksumOK && base.primary == base.secondary
	if whole {
		h.info = base.info()
	} else {
		base = h.replay(file, base, logs)
	}
	if !base.checksumOK {
		return nil, &CorruptError{offChecksum, "the checksum of the base block is wrong and no log has a good copy"}
	}
	if base.major != 1 || base.minor < 2 || base.minor > 6 {
		return nil, fmt.Errorf("registry hive of format %d.%d, expected 1.2 to 1.6", base.major, base.minor)
	}
	h.root, h.minor = base.root, base.minor
	h.size = min(h.size, baseSize+int64(base.binsSize))
	if h.size > maxHive {
		return nil, fmt.Errorf("registry hive of %d bytes, expected at most %d", h.size, int64(maxHive))
	}
	return h, nil
}

// Info tells about the hive.
func (h *Hive) Info() Info { return h.info }

// base is the base block of a hive or log.
type base struct {
	raw                []byte // the first sector
	primary, secondary uint32 // sequence numbers: before and after a write
	written            uint64
	major, minor       uint32
	kind               uint32
	root, binsSize     uint32
	checksumOK         bool
}

func readBase(file Source) (base, error) {
	raw := make([]byte, sectorSize)
	if file.Size < baseSize && file.Size < sectorSize {
		return base{}, fmt.Errorf("registry hive of %d bytes, expected at least %d", file.Size, baseSize)
	}
	if _, err := readFull(file.Reader, raw, 0); err != nil {
		return base{}, err
	}
	if string(raw[:4]) != "regf" {
		return base{}, fmt.Errorf("not a registry hive: begins with % x, expected \"regf\"", raw[:4])
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(raw[at:]) }
	return base{
		raw: raw, primary: u32(offSequence), secondary: u32(offSequence + 4),
		written: binary.LittleEndian.Uint64(raw[offWritten:]),
		major:   u32(offMajor), minor: u32(offMinor), kind: u32(offType), root: u32(offRoot), binsSize: u32(offBinsSize),
		checksumOK: u32(offChecksum) == checksum(raw),
	}, nil
}

// checksum is the XOR of the words before it, save for the two values that mean something else.
func checksum(b []byte) uint32 {
	var sum uint32
	for i := 0; i < offChecksum; i += 4 {
		sum ^= binary.LittleEndian.Uint32(b[i:])
	}
	switch sum {
	case 0:
		return 1
	case 0xFFFFFFFF:
		return 0xFFFFFFFE
	}
	return sum
}

func (b *base) info() Info {
	return Info{Name: terminated(b.raw[offName : offName+nameSize]), Major: b.major, Minor: b.minor, Written: filetime(b.written),
		Dirty: !b.checksumOK || b.primary != b.secondary}
}

// filetime converts 100 ns since 1601; the zero time for 0 and for what is beyond the year 9999.
func filetime(t uint64) time.Time {
	const toUnix, latest = 116444736000000000, 2650467744000000000
	if t == 0 || t > latest {
		return time.Time{}
	}
	d := int64(t) - toUnix
	return time.Unix(d/1e7, d%1e7*100).UTC()
}

// terminated decodes UTF-16LE up to the first NUL.
func terminated(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// readFull fills b from at; the end of the file is unexpected.
func readFull(r io.ReaderAt, b []byte, at int64) (int, error) {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return n, nil
	}
	if err == nil || err == io.EOF {
		return n, &CorruptError{at, fmt.Sprintf("the file ends after %d of %d bytes", n, len(b))}
	}
	return n, err
}
