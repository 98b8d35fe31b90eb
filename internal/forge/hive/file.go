package hive

import (
	"encoding/binary"
	"fmt"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// Sizes and places of the format ("Windows registry file format specification", M. Suhanov).
const (
	baseSize    = 4096
	page        = 4096
	binHeader   = 32
	segmentSize = 16344 // of data that are longer than one cell may be
	listSize    = 500   // subkeys in one list
	nothing     = 0xFFFFFFFF

	maxKeyName   = 255   // characters
	maxValueName = 16383 // characters
	maxDepth     = 512
	maxData      = 64 << 20

	flagRoot     = 0x0C // the root of a hive, not to be deleted
	flagNarrow   = 0x20 // the name of a key is Latin-1
	valueNarrow  = 1    // the name of a value is Latin-1
	inline       = 1 << 31
	fileFormat   = 1
	majorVersion = 1
	minorVersion = 5
)

// Options of a hive; the zero value is useful.
type Options struct {
	// Name is the end of the path that Windows keeps in the file, such as SYSTEM.
	Name string
	// Dirty makes a hive that Windows was stopped in before it had written all of it.
	Dirty bool
}

// Bytes makes the file of a hive.
func Bytes(root *Key, opts Options) ([]byte, error) {
	f := &file{}
	if _, err := f.key(root, nothing, 0); err != nil {
		return nil, err
	}
	f.closeBin()
	bins := f.bins
	// The reference count of the security descriptor is that of the keys; it is its own neighbour in the ring.
	sk := bins[f.security+4:]
	binary.LittleEndian.PutUint32(sk[4:], f.security)
	binary.LittleEndian.PutUint32(sk[8:], f.security)
	binary.LittleEndian.PutUint32(sk[12:], f.keys)
	return append(f.base(root, opts), bins...), nil
}

// file is a hive being made: cells fill bins of whole pages one after the other.
type file struct {
	bins     []byte
	bin      int // where the current bin begins
	free     int // bytes left in it
	security uint32
	keys     uint32
	root     uint32
}

// alloc makes a cell with the content and gives its offset.
func (f *file) alloc(content []byte) uint32 {
	size := (4 + len(content) + 7) &^ 7
	if size > f.free {
		f.closeBin()
		f.openBin(size)
	}
	at := len(f.bins) - f.free
	binary.LittleEndian.PutUint32(f.bins[at:], uint32(-size))
	copy(f.bins[at+4:], content)
	f.free -= size
	return uint32(at)
}

func (f *file) openBin(cell int) {
	size := (binHeader + cell + page - 1) / page * page
	f.bin = len(f.bins)
	f.bins = append(f.bins, make([]byte, size)...)
	b := f.bins[f.bin:]
	copy(b, "hbin")
	binary.LittleEndian.PutUint32(b[4:], uint32(f.bin))
	binary.LittleEndian.PutUint32(b[8:], uint32(size))
	f.free = size - binHeader
}

// closeBin makes one free cell of what is left of the current bin.
func (f *file) closeBin() {
	if f.free > 0 {
		binary.LittleEndian.PutUint32(f.bins[len(f.bins)-f.free:], uint32(f.free))
	}
	f.free = 0
}

// key makes the cells of a key and of all that is below it.
func (f *file) key(k *Key, parent uint32, depth int) (uint32, error) {
	if depth > maxDepth {
		return 0, fmt.Errorf("key %q: keys nest deeper than %d", k.Name, maxDepth)
	}
	title := k.Name
	if depth == 0 && title == "" {
		title = "ROOT"
	}
	name, narrow, err := encodeName(title, maxKeyName)
	if err != nil || strings.Contains(k.Name, `\`) || title == "" {
		return 0, fmt.Errorf("key %q: a name has 1 to %d characters without a backslash or NUL", k.Name, maxKeyName)
	}
	cell := make([]byte, 76, 76+len(name))
	copy(cell, "nk")
	put16, put32 := binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32
	flags := uint16(0)
	if depth == 0 {
		flags |= flagRoot
	}
	if narrow {
		flags |= flagNarrow
	}
	put16(cell[2:], flags)
	binary.LittleEndian.PutUint64(cell[4:], filetime(k.Written))
	put32(cell[16:], parent)
	put32(cell[20:], uint32(len(k.Keys)))
	put32(cell[28:], nothing)
	put32(cell[32:], nothing)
	put32(cell[36:], uint32(len(k.Values)))
	put32(cell[40:], nothing)
	put32(cell[48:], nothing)
	put16(cell[72:], uint16(len(name)))
	at := f.alloc(append(cell, name...))
	f.keys++
	if depth == 0 {
		f.root, f.security = at, f.alloc(securityCell())
	}

	values, longestName, longestData, err := f.values(k)
	if err != nil {
		return 0, fmt.Errorf("key %q: %w", k.Name, err)
	}
	subkeys, longestKey, err := f.subkeys(k, at, depth)
	if err != nil {
		return 0, err
	}
	// The bins may have moved in memory since the cell was made.
	cell = f.bins[at+4:]
	put32(cell[28:], subkeys)
	put32(cell[40:], values)
	put32(cell[44:], f.security)
	put32(cell[52:], uint32(longestKey))
	put32(cell[60:], uint32(longestName))
	put32(cell[64:], uint32(longestData))
	return at, nil
}

// subkeys makes the keys below k and the list of them, which is sorted by the names in upper case.
func (f *file) subkeys(k *Key, at uint32, depth int) (list uint32, longest int, err error) {
	if len(k.Keys) == 0 {
		return nothing, 0, nil
	}
	sorted := append([]*Key(nil), k.Keys...)
	sort.SliceStable(sorted, func(i, j int) bool { return upper(sorted[i].Name) < upper(sorted[j].Name) })
	var lists []byte
	var leaf []byte
	flush := func() {
		head := binary.LittleEndian.AppendUint16([]byte("lh"), uint16(len(leaf)/8))
		lists = binary.LittleEndian.AppendUint32(lists, f.alloc(append(head, leaf...)))
		leaf = leaf[:0]
	}
	for i, sub := range sorted {
		if i > 0 && upper(sub.Name) == upper(sorted[i-1].Name) {
			return 0, 0, fmt.Errorf("key %q has two keys %q", k.Name, sub.Name)
		}
		off, err := f.key(sub, at, depth+1)
		if err != nil {
			return 0, 0, err
		}
		longest = max(longest, len(encode(sub.Name)))
		leaf = binary.LittleEndian.AppendUint32(leaf, off)
		leaf = binary.LittleEndian.AppendUint32(leaf, hash(sub.Name))
		if len(leaf) == 8*listSize {
			flush()
		}
	}
	if len(leaf) > 0 {
		flush()
	}
	if len(lists) == 4 {
		return binary.LittleEndian.Uint32(lists), longest, nil
	}
	head := binary.LittleEndian.AppendUint16([]byte("ri"), uint16(len(lists)/4))
	return f.alloc(append(head, lists...)), longest, nil
}

// values makes the values of k and the list of them.
func (f *file) values(k *Key) (list uint32, longestName, longestData int, err error) {
	if len(k.Values) == 0 {
		return nothing, 0, 0, nil
	}
	var offs []byte
	for _, v := range k.Values {
		name, narrow, err := encodeName(v.Name, maxValueName)
		if err != nil {
			return 0, 0, 0, fmt.Errorf("value %q: a name has at most %d characters without NUL", v.Name, maxValueName)
		}
		if len(v.Data) > maxData {
			return 0, 0, 0, fmt.Errorf("value %q has %d bytes of data, expected at most %d", v.Name, len(v.Data), maxData)
		}
		cell := make([]byte, 20, 20+len(name))
		copy(cell, "vk")
		binary.LittleEndian.PutUint16(cell[2:], uint16(len(name)))
		size := uint32(len(v.Data))
		if size <= 4 {
			size |= inline
			copy(cell[8:12], v.Data)
		} else {
			binary.LittleEndian.PutUint32(cell[8:], f.data(v.Data))
		}
		binary.LittleEndian.PutUint32(cell[4:], size)
		binary.LittleEndian.PutUint32(cell[12:], v.Type)
		if narrow {
			binary.LittleEndian.PutUint16(cell[16:], valueNarrow)
		}
		offs = binary.LittleEndian.AppendUint32(offs, f.alloc(append(cell, name...)))
		longestName = max(longestName, len(encode(v.Name)))
		longestData = max(longestData, len(v.Data))
	}
	return f.alloc(offs), longestName, longestData, nil
}

// data makes the cells of a value's data: one, or a list of segments.
func (f *file) data(b []byte) uint32 {
	if len(b) <= segmentSize {
		return f.alloc(b)
	}
	var offs []byte
	n := 0
	for ; len(b) > 0; n++ {
		part := b[:min(len(b), segmentSize)]
		// Windows keeps four bytes free at the end of a segment.
		offs = binary.LittleEndian.AppendUint32(offs, f.alloc(append(append([]byte(nil), part...), 0, 0, 0, 0)))
		b = b[len(part):]
	}
	head := binary.LittleEndian.AppendUint16([]byte("db"), uint16(n))
	return f.alloc(binary.LittleEndian.AppendUint32(head, f.alloc(offs)))
}

// base makes the base block.
func (f *file) base(root *Key, opts Options) []byte {
	b := make([]byte, baseSize)
	copy(b, "regf")
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
	put(4, 2)
	put(8, 2)
	if opts.Dirty {
		put(8, 1)
	}
	binary.LittleEndian.PutUint64(b[12:], filetime(root.Written))
	put(20, majorVersion)
	put(24, minorVersion)
	put(32, fileFormat)
	put(36, f.root)
	put(40, uint32(len(f.bins)))
	put(44, 1)
	copy(b[48:110], encode(opts.Name))
	var sum uint32
	for i := 0; i < 508; i += 4 {
		sum ^= binary.LittleEndian.Uint32(b[i:])
	}
	switch sum {
	case 0:
		sum = 1
	case 0xFFFFFFFF:
		sum = 0xFFFFFFFE
	}
	put(508, sum)
	return b
}

// securityCell gives SYSTEM and the administrators all rights on every key, and the users that of reading.
func securityCell() []byte {
	sid := func(authority byte, parts ...uint32) []byte {
		b := []byte{1, byte(len(parts)), 0, 0, 0, 0, 0, authority}
		for _, p := range parts {
			b = binary.LittleEndian.AppendUint32(b, p)
		}
		return b
	}
	system, admins, users := sid(5, 18), sid(5, 32, 544), sid(5, 32, 545)
	const inherit, all, read = 2, 0xF003F, 0x20019
	var aces []byte
	for _, a := range []struct {
		sid  []byte
		mask uint32
	}{{system, all}, {admins, all}, {users, read}} {
		aces = append(aces, 0, inherit)
		aces = binary.LittleEndian.AppendUint16(aces, uint16(8+len(a.sid)))
		aces = binary.LittleEndian.AppendUint32(aces, a.mask)
		aces = append(aces, a.sid...)
	}
	acl := binary.LittleEndian.AppendUint16([]byte{2, 0}, uint16(8+len(aces)))
	acl = append(append(acl, 3, 0, 0, 0), aces...)
	const header, present, selfRelative = 20, 0x0004, 0x8000
	sd := binary.LittleEndian.AppendUint16([]byte{1, 0}, present|selfRelative)
	for _, at := range []int{header + len(acl), header + len(acl) + len(admins), 0, header} { // owner, group, SACL, DACL
		sd = binary.LittleEndian.AppendUint32(sd, uint32(at))
	}
	sd = append(append(append(sd, acl...), admins...), system...)
	cell := make([]byte, 20)
	copy(cell, "sk")
	binary.LittleEndian.PutUint32(cell[16:], uint32(len(sd)))
	return append(cell, sd...)
}

// encodeName gives a name as Latin-1 if that is possible, else as UTF-16LE.
func encodeName(name string, most int) (b []byte, narrow bool, err error) {
	if strings.Contains(name, "\x00") || len(utf16.Encode([]rune(name))) > most {
		return nil, false, fmt.Errorf("not a name: %q", name)
	}
	for _, r := range name {
		if r > 0xFF {
			return encode(name), false, nil
		}
		b = append(b, byte(r))
	}
	return b, true, nil
}

func upper(s string) string { return strings.Map(unicode.ToUpper, s) }

// hash is what lists have of a name.
func hash(name string) (h uint32) {
	for _, u := range utf16.Encode([]rune(name)) {
		h = h*37 + uint32(unicode.ToUpper(rune(u)))
	}
	return h
}

// filetime is 100 ns since 1601.
func filetime(t time.Time) uint64 {
	if t.IsZero() {
		t = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return uint64(t.Unix()*1e7 + int64(t.Nanosecond()/100) + 116444736000000000)
}
