// Package cab reads Microsoft cabinets ([MS-CAB]): stored, MSZIP and LZX
// folders, streaming and without trust in what a cabinet says about itself.
package cab

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	// ErrNotCabinet is wrapped by the error for input that is no cabinet.
	ErrNotCabinet = errors.New("not a cabinet")
	// ErrUnsupported is wrapped by the error for a cabinet that is sound as far
	// as it is known, but of a kind that is not read: Quantum compression, or
	// one part of a set of cabinets.
	ErrUnsupported = errors.New("unsupported cabinet")
)

// DamageError tells that a cabinet contradicts itself or ends early.
type DamageError struct {
	Offset int64 // in the cabinet
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("damaged cabinet: offset 0x%x: %s", e.Offset, e.Reason)
}

func damage(at int64, format string, args ...any) error {
	return &DamageError{at, fmt.Sprintf(format, args...)}
}

// Attributes of a file, as in CFFILE.attribs.
const (
	ReadOnly   = 0x01
	Hidden     = 0x02
	System     = 0x04
	Archive    = 0x20
	Execute    = 0x40
	nameIsUTF8 = 0x80
)

// File is an entry of a cabinet.
type File struct {
	Name       string    // as stored, with backslashes; see [File.SafeName]
	Size       int64     // bytes, unpacked
	Time       time.Time // the packing machine's local time, given as UTC; zero if it is no date
	Attributes uint16

	folder int
	offset int64 // in the unpacked folder
}

// SafeName gives the name as a relative path with forward slashes. It is false
// for a name that could lead out of the folder that one extracts to, or that
// Windows would take for something else than a file: absolute names, drive
// letters and streams (colons), ".." and ".", empty parts, control characters,
// device names, and parts that end in a dot or a blank.
func (f File) SafeName() (name string, ok bool) {
	name = strings.ReplaceAll(f.Name, `\`, "/")
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.ContainsFunc(part, unsafeRune) || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return "", false
		}
		base, _, _ := strings.Cut(strings.ToUpper(part), ".")
		base = strings.TrimRight(base, " ")
		if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, base) {
			return "", false
		}
		if port, isPort := strings.CutPrefix(base, "COM"); isPort && isPortNumber(port) {
			return "", false
		}
		if port, isPort := strings.CutPrefix(base, "LPT"); isPort && isPortNumber(port) {
			return "", false
		}
	}
	return name, true
}

func isPortNumber(s string) bool {
	return utf8.RuneCountInString(s) == 1 && strings.Contains("0123456789¹²³", s)
}

func unsafeRune(c rune) bool {
	return c < ' ' || c == 0x7f || strings.ContainsRune(`:*?"<>|`, c)
}

// Cabinet is an opened cabinet.
type Cabinet struct {
	r       io.ReaderAt
	size    int64
	files   []File
	folders []folder
	reserve int // bytes between the header of a block and its data
}

type folder struct {
	start       int64 // offset of the first block
	blocks      int
	compression uint16
}

// Compression methods, the low four bits of CFFOLDER.typeCompress.
const (
	methodMask    = 0x0f
	methodStored  = 0
	methodMSZIP   = 1
	methodQuantum = 2
	methodLZX     = 3
)

// maxBlock is the most that one block unpacks to.
const maxBlock = 32768

// Flags of the header.
const (
	flagPrevious = 0x01
	flagNext     = 0x02
	flagReserve  = 0x04
)

var le = binary.LittleEndian

// Open reads the directory of the cabinet of size bytes in r. The error wraps
// [ErrNotCabinet] or [ErrUnsupported], or is a [*DamageError].
func Open(r io.ReaderAt, size int64) (*Cabinet, error) {
	c := &Cabinet{r: r, size: size}
	d := directory{r: r, size: size}
	h := d.take(36)
	if d.err != nil && size >= 36 {
		return nil, d.err
	}
	if d.err != nil || string(h[:4]) != "MSCF" {
		return nil, fmt.Errorf("%w: it does not begin with a cabinet header (MSCF)", ErrNotCabinet)
	}
	if h[25] != 1 {
		return nil, fmt.Errorf("%w: format version %d.%d, expected 1.3", ErrUnsupported, h[25], h[24])
	}
	// Bytes behind the cabinet are not its own, signatures for example.
	if stated := int64(le.Uint32(h[8:])); stated < c.size {
		c.size, d.size = stated, stated
	}
	files, folders, fileCount, flags := int64(le.Uint32(h[16:])), int(le.Uint16(h[26:])), int(le.Uint16(h[28:])), le.Uint16(h[30:])
	if flags&(flagPrevious|flagNext) != 0 {
		return nil, fmt.Errorf("%w: it is part %d of a set of cabinets, which are not read", ErrUnsupported, int(le.Uint16(h[34:]))+1)
	}
	folderReserve := 0
	if flags&flagReserve != 0 {
		b := d.take(4)
		folderReserve, c.reserve = int(b[2]), int(b[3])
		d.take(int(le.Uint16(b)))
	}
	for range folders {
		b := d.take(8 + folderReserve)
		if d.err != nil {
			return nil, d.err
		}
		c.folders = append(c.folders, folder{int64(le.Uint32(b)), int(le.Uint16(b[4:])), le.Uint16(b[6:])})
	}
	if d.err != nil {
		return nil, d.err
	}
	d.at, d.buffer = files, nil
	for range fileCount {
		f, err := c.readFile(&d)
		if err != nil {
			return nil, err
		}
		c.files = append(c.files, f)
	}
	slices.SortStableFunc(c.files, func(a, b File) int {
		return cmp.Or(cmp.Compare(a.folder, b.folder), cmp.Compare(a.offset, b.offset))
	})
	return c, nil
}

// readFile reads CFFILE.
func (c *Cabinet) readFile(d *directory) (File, error) {
	at := d.at
	b := d.take(16)
	if d.err != nil {
		return File{}, d.err
	}
	f := File{
		Size:       int64(le.Uint32(b)),
		Time:       dosTime(le.Uint16(b[10:]), le.Uint16(b[12:])),
		Attributes: le.Uint16(b[14:]),
		folder:     int(le.Uint16(b[8:])),
		offset:     int64(le.Uint32(b[4:])),
	}
	name := d.text(256)
	if d.err != nil {
		return File{}, d.err
	}
	f.Name = nameText(name, f.Attributes&nameIsUTF8 != 0)
	switch {
	case f.folder >= 0xfffd:
		return File{}, fmt.Errorf("%w: file %q continues in another cabinet of a set", ErrUnsupported, f.Name)
	case f.folder >= len(c.folders):
		return File{}, damage(at, "file %q is in folder %d of %d", f.Name, f.folder, len(c.folders))
	case f.offset+f.Size > int64(c.folders[f.folder].blocks)*maxBlock:
		return File{}, damage(at, "file %q ends at byte %d of a folder that cannot have more than %d",
			f.Name, f.offset+f.Size, c.folders[f.folder].blocks*maxBlock)
	}
	return f, nil
}

// Files lists the entries in the order in which [Cabinet.Extract] delivers them.
func (c *Cabinet) Files() []File { return slices.Clone(c.files) }

// directory reads the header and the tables in sequence. After the first error
// it gives zeros.
type directory struct {
	r      io.ReaderAt
	size   int64
	at     int64
	buffer []byte // what follows at
	err    error
}

// take gives the next n bytes, valid until the next call.
func (d *directory) take(n int) []byte {
	d.fill(n)
	if d.err == nil && len(d.buffer) < n {
		d.err = damage(d.at, "%d bytes are left, expected %d of the directory", len(d.buffer), n)
	}
	if d.err != nil {
		return make([]byte, n)
	}
	b := d.buffer[:n]
	d.buffer = d.buffer[n:]
	d.at += int64(n)
	return b
}

// text gives the bytes before the next NUL, of which there may be limit.
func (d *directory) text(limit int) []byte {
	d.fill(limit + 1)
	if d.err != nil {
		return nil
	}
	end := slices.Index(d.buffer[:min(limit+1, len(d.buffer))], 0)
	if end < 0 {
		d.err = damage(d.at, "a name has more than %d bytes or does not end", limit)
		return nil
	}
	return d.take(end + 1)[:end]
}

// fill tries to have n bytes in the buffer.
func (d *directory) fill(n int) {
	if d.err != nil || len(d.buffer) >= n {
		return
	}
	want := min(max(int64(n), 8192), max(d.size-d.at, 0))
	b := make([]byte, want)
	read, err := d.r.ReadAt(b, d.at)
	if err != nil && !errors.Is(err, io.EOF) {
		d.err = fmt.Errorf("read the directory of the cabinet at offset 0x%x: %w", d.at, err)
	}
	d.buffer = b[:read]
}

// nameText decodes a name. One without the mark for UTF-8 is in the code page
// of the machine that packed it, which is not known: ISO 8859-1 is assumed.
func nameText(b []byte, utf bool) string {
	if utf {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// dosTime reads the date and time of MS-DOS, which count two seconds.
func dosTime(date, clock uint16) time.Time {
	month, day := time.Month(date>>5&15), int(date&31)
	t := time.Date(1980+int(date>>9), month, day, int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
	if t.Month() != month || t.Day() != day {
		return time.Time{}
	}
	return t
}
