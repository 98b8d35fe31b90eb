package evtx

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"maps"
)

const (
	chunkSize       = 65536
	chunkHeaderSize = 512
	stringTable     = 0x80
	stringBuckets   = 64
	templateTable   = 0x180
	templateBuckets = 32
)

// chunk is a 64 KiB chunk in the making. It grows beyond its size while a record is written that does not fit; the
// file then takes the record back.
type chunk struct {
	b         []byte
	names     map[string]uint32 // offsets of names that the chunk has
	templates map[string]uint32 // offsets of definitions, by key
	strings   [stringBuckets]uint32
	defs      [templateBuckets]uint32

	first, last uint64 // record identifiers
	lastRecord  int    // offset of the last record
}

func newChunk() *chunk {
	return &chunk{
		b:         make([]byte, chunkHeaderSize, chunkSize),
		names:     make(map[string]uint32),
		templates: make(map[string]uint32),
	}
}

// snapshot returns a copy to which the chunk can be reset.
func (c *chunk) snapshot() chunk {
	s := *c
	s.names = maps.Clone(c.names)
	s.templates = maps.Clone(c.templates)
	return s
}

func (c *chunk) u8(v byte)    { c.b = append(c.b, v) }
func (c *chunk) u16(v uint16) { c.b = binary.LittleEndian.AppendUint16(c.b, v) }
func (c *chunk) u32(v uint32) { c.b = binary.LittleEndian.AppendUint32(c.b, v) }
func (c *chunk) u64(v uint64) { c.b = binary.LittleEndian.AppendUint64(c.b, v) }

// sized writes a u32 with the number of bytes that body writes.
func (c *chunk) sized(body func()) {
	at := len(c.b)
	c.u32(0)
	body()
	binary.LittleEndian.PutUint32(c.b[at:], uint32(len(c.b)-at-4))
}

// name writes the offset of a name, and the name itself where the chunk has it not yet.
func (c *chunk) name(s string) {
	if at, ok := c.names[s]; ok {
		c.u32(at)
		return
	}
	at := uint32(len(c.b) + 4)
	chars := encodeUTF16(s)
	hash := nameHash(chars)
	bucket := &c.strings[hash%stringBuckets]
	c.u32(at)
	c.u32(*bucket)
	c.u16(hash)
	c.u16(uint16(len(chars) / 2))
	c.b = append(append(c.b, chars...), 0, 0)
	*bucket = at
	c.names[s] = at
}

// nameHash is the low half of h*65599 + character, over all characters.
func nameHash(chars []byte) uint16 {
	h := uint32(0)
	for i := 0; i+1 < len(chars); i += 2 {
		h = h*65599 + uint32(binary.LittleEndian.Uint16(chars[i:]))
	}
	return uint16(h)
}

// instance writes a fragment that is one instance of a template. The template's definition is written where the
// chunk has it not yet; key tells templates apart.
func (c *chunk) instance(key string, definition func(*chunk), vals []value) {
	guid := sha256.Sum256([]byte(key))
	id := binary.LittleEndian.Uint32(guid[:])
	c.fragment()
	c.u8(tokenTemplate)
	c.u8(1)
	c.u32(id)
	if at, ok := c.templates[key]; ok {
		c.u32(at)
	} else {
		at := uint32(len(c.b) + 4)
		bucket := &c.defs[id%templateBuckets]
		c.u32(at)
		c.u32(*bucket)
		c.b = append(c.b, guid[:16]...)
		c.sized(func() {
			c.fragment()
			definition(c)
			c.u8(tokenEnd)
		})
		*bucket = at
		c.templates[key] = at
	}
	c.u32(uint32(len(vals)))
	sizes := len(c.b)
	for _, v := range vals {
		c.u16(uint16(len(v.data)))
		c.u8(v.typ)
		c.u8(0)
	}
	for i, v := range vals {
		at := len(c.b)
		if v.build == nil {
			c.b = append(c.b, v.data...)
			continue
		}
		v.build(c)
		binary.LittleEndian.PutUint16(c.b[sizes+4*i:], uint16(len(c.b)-at))
	}
	c.u8(tokenEnd)
}

// bytes returns the finished chunk.
func (c *chunk) bytes() []byte {
	free := len(c.b)
	b := make([]byte, chunkSize)
	copy(b[chunkHeaderSize:], c.b[chunkHeaderSize:])
	le := binary.LittleEndian
	copy(b, "ElfChnk\x00")
	first, last := c.first, c.last
	if c.lastRecord == 0 { // empty, as Windows marks it
		first, last = 1, ^uint64(0)
	}
	le.PutUint64(b[8:], first) // record numbers, then identifiers
	le.PutUint64(b[16:], last)
	le.PutUint64(b[24:], first)
	le.PutUint64(b[32:], last)
	le.PutUint32(b[40:], 128)
	le.PutUint32(b[44:], uint32(c.lastRecord))
	le.PutUint32(b[48:], uint32(free))
	le.PutUint32(b[52:], crc32.ChecksumIEEE(b[chunkHeaderSize:free]))
	for i, at := range c.strings {
		le.PutUint32(b[stringTable+4*i:], at)
	}
	for i, at := range c.defs {
		le.PutUint32(b[templateTable+4*i:], at)
	}
	le.PutUint32(b[124:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHeaderSize]))
	return b
}
