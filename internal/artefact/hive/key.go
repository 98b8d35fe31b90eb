package hive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
)

// Bounds of one key. Windows allows names of 255 characters and paths of 512 keys.
const (
	maxName     = 1024     // bytes
	maxDepth    = 512      // keys in a path
	maxSubkeys  = 1 << 19  // of one key
	maxNames    = 32 << 20 // bytes of the names below one key
	minKeyCell  = 80       // bytes of a key with the shortest name
	maxValues   = 1 << 16
	nkHeader    = 76
	nkCompNames = 0x20 // flag: the name is Latin-1
)

// Key is a key of a hive.
type Key struct {
	h       *Hive
	off     uint32
	depth   int
	name    string
	written time.Time

	subkeys, subkeyList uint32
	values, valueList   uint32
}

// Root is the topmost key. Its own name means nothing.
func (h *Hive) Root() (*Key, error) { return h.key(h.root, 0) }

// Open gives the key at a path below the root: names divided by '\', in any case; the empty path is the root itself.
func (h *Hive) Open(path string) (*Key, error) {
	root, err := h.Root()
	if err != nil {
		return nil, err
	}
	return root.Open(path)
}

// Open gives the key at a path below k. The error wraps ErrNotExist and names the part of the path that is missing.
func (k *Key) Open(path string) (*Key, error) {
	at := k
	for i, part := range strings.Split(strings.Trim(path, `\`), `\`) {
		if part == "" && i == 0 {
			break
		}
		next, err := at.subkey(part)
		if errors.Is(err, ErrNotExist) {
			return nil, fmt.Errorf(`key %q: %q %w`, path, part, ErrNotExist)
		}
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", path, err)
		}
		at = next
	}
	return at, nil
}

// Name is the name of the key as it is stored.
func (k *Key) Name() string { return k.name }

// Written is when the key or its values were last changed; the zero time if that is not recorded.
func (k *Key) Written() time.Time { return k.written }

// Subkeys gives the names of the keys below, in the order of the hive. With an error come those that could be read.
func (k *Key) Subkeys() ([]string, error) {
	var names []string
	var bad []error
	room := maxNames
	seen := map[uint32]bool{}
	err := k.each(func(off, _ uint32) (bool, error) {
		if seen[off] {
			return false, corrupt(off, "a subkey of %q is listed twice", k.name)
		}
		seen[off] = true
		sub, err := k.child(off)
		if err != nil {
			if len(bad) < 10 {
				bad = append(bad, err)
			}
			return false, nil
		}
		if room -= len(sub.name); room < 0 {
			return false, corrupt(off, "the names of the subkeys of %q are longer than %d bytes together", k.name, maxNames)
		}
		names = append(names, sub.name)
		return false, nil
	})
	return names, errors.Join(append(bad, err)...)
}

// subkey finds a key below by its name.
func (k *Key) subkey(want string) (*Key, error) {
	hash, ascii := hashName(want)
	var found *Key
	var bad error
	err := k.each(func(off, h uint32) (bool, error) {
		// Windows has an upper case table of its own, so that only the hash of ASCII is certain.
		if h != 0 && ascii && h != hash {
			return false, nil
		}
		sub, err := k.child(off)
		if err != nil {
			bad = err
		} else if strings.EqualFold(sub.name, want) {
			found = sub
			return true, nil
		}
		return false, nil
	})
	switch {
	case found != nil:
		return found, nil
	case err != nil:
		return nil, err
	case bad != nil: // it might be the one
		return nil, bad
	}
	return nil, ErrNotExist
}

// hashName is what "lh" lists have of a name ([regf] "Hash leaf").
func hashName(name string) (hash uint32, ascii bool) {
	ascii = true
	for _, u := range utf16.Encode([]rune(name)) {
		if u >= 0x80 {
			ascii = false
		}
		hash = hash*37 + uint32(unicode.ToUpper(rune(u)))
	}
	return hash, ascii
}

// each calls visit with the offset of each subkey and, where the list has it, the hash of its name; until it says that
// it is done. It is called at most as often as the key says that it has subkeys.
func (k *Key) each(visit func(off, hash uint32) (done bool, err error)) error {
	if k.subkeys == 0 {
		return nil
	}
	most := min(maxSubkeys, k.h.size/minKeyCell)
	if int64(k.subkeys) > most {
		return corrupt(k.off, "key %q with %d subkeys, for which the hive is too small (at most %d)", k.name, k.subkeys, most)
	}
	lists := []uint32{k.subkeyList}
	top, err := k.h.cell(k.subkeyList, 4, 4+4*0xFFFF)
	if err != nil {
		return err
	}
	if string(top[:2]) == "ri" {
		n := int(binary.LittleEndian.Uint16(top[2:]))
		if 4+4*n > len(top) {
			return corrupt(k.subkeyList, "a list of %d lists in %d bytes", n, len(top))
		}
		lists = lists[:0]
		for i := range n {
			lists = append(lists, binary.LittleEndian.Uint32(top[4+4*i:]))
		}
	}
	left := int(k.subkeys)
	for _, list := range lists {
		done, err := k.eachOf(list, &left, visit)
		if done || err != nil {
			return err
		}
	}
	if left > 0 {
		return corrupt(k.subkeyList, "%d subkeys of %q are listed, expected %d", int(k.subkeys)-left, k.name, k.subkeys)
	}
	return nil
}

// eachOf goes over one list of subkeys: "li" has offsets, "lf" and "lh" pairs of an offset and a hint or hash. Of left
// it takes off how many there are.
func (k *Key) eachOf(list uint32, left *int, visit func(off, hash uint32) (bool, error)) (bool, error) {
	b, err := k.h.cell(list, 4, 4)
	if err != nil {
		return false, err
	}
	width, hashed := 8, false
	switch string(b[:2]) {
	case "li":
		width = 4
	case "lf":
	case "lh":
		hashed = true
	default:
		return false, corrupt(list, "a list of subkeys begins with %q, expected li, lf or lh", b[:2])
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	if *left -= n; *left < 0 {
		return false, corrupt(list, "%d more subkeys of %q are listed than the %d that it has", -*left, k.name, k.subkeys)
	}
	if b, err = k.h.cell(list, 4+width*n, 4+width*n); err != nil {
		return false, err
	}
	for i := range n {
		item := b[4+width*i:]
		off := binary.LittleEndian.Uint32(item)
		var hash uint32
		if hashed {
			hash = binary.LittleEndian.Uint32(item[4:])
		}
		if done, err := visit(off, hash); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

// child reads the subkey at off, which must know k as its parent.
func (k *Key) child(off uint32) (*Key, error) {
	if k.depth >= maxDepth {
		return nil, corrupt(off, "keys nest deeper than %d", maxDepth)
	}
	if off == k.h.root {
		return nil, corrupt(off, "the root is listed as a subkey of %q", k.name)
	}
	sub, parent, err := k.h.node(off, k.depth+1)
	if err != nil {
		return nil, err
	}
	if parent != k.off {
		return nil, corrupt(off, "key %q is listed below %q, but belongs to the key at %#x", sub.name, k.name, baseSize+int64(parent))
	}
	return sub, nil
}

func (h *Hive) key(off uint32, depth int) (*Key, error) {
	k, _, err := h.node(off, depth)
	return k, err
}

// node reads a key ("nk") and the offset of its parent.
func (h *Hive) node(off uint32, depth int) (*Key, uint32, error) {
	b, err := h.cell(off, nkHeader, nkHeader+maxName)
	if err != nil {
		return nil, 0, err
	}
	if string(b[:2]) != "nk" {
		return nil, 0, corrupt(off, "a key begins with %q, expected nk", b[:2])
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	n := int(binary.LittleEndian.Uint16(b[72:]))
	if nkHeader+n > len(b) {
		return nil, 0, corrupt(off, "a key with a name of %d bytes in a cell of %d", n, len(b))
	}
	flags := binary.LittleEndian.Uint16(b[2:])
	k := &Key{
		h: h, off: off, depth: depth, written: filetime(binary.LittleEndian.Uint64(b[4:])),
		name:    name(b[nkHeader:nkHeader+n], flags&nkCompNames != 0),
		subkeys: u32(20), subkeyList: u32(28), values: u32(36), valueList: u32(40),
	}
	return k, u32(16), nil
}
