package evtx

import (
	"encoding/binary"
	"errors"
)

// Binary XML tokens, [MS-EVEN6] 2.2.12. Bit 0x40 says that more follows: attributes, or text.
const (
	tokenEnd          = 0x00
	tokenOpen         = 0x01
	tokenCloseStart   = 0x02
	tokenCloseEmpty   = 0x03
	tokenCloseElement = 0x04
	tokenText         = 0x05
	tokenAttribute    = 0x06
	tokenCDATA        = 0x07
	tokenCharRef      = 0x08
	tokenEntityRef    = 0x09
	tokenPITarget     = 0x0a
	tokenPIData       = 0x0b
	tokenTemplate     = 0x0c
	tokenSubstitution = 0x0d
	tokenOptional     = 0x0e
	tokenFragment     = 0x0f
	tokenMore         = 0x40
)

const (
	maxElementDepth = 64
	maxNameChars    = 256
	// maxOps bounds the operations of all templates of a chunk. An operation takes at least one byte of it.
	maxOps = chunkSize
	// maxInterned bounds the table of names, which outlives chunks.
	maxInterned = 4096
)

var (
	errTruncated = errors.New("binary XML ends within a token")
	errToken     = errors.New("unknown binary XML token")
	errName      = errors.New("name is no text, too long or lies outside of the chunk")
	errNesting   = errors.New("binary XML elements are nested too deep or not closed")
	errTooLarge  = errors.New("record expands to more than 1 MiB")
)

// source says where a value comes from: a literal in the chunk, or a substitution.
type source struct {
	kind sourceKind
	n    uint32 // bytes of the literal
	at   uint32 // offset of the literal in the chunk, or index of the substitution
}

type sourceKind uint8

const (
	sourceNone sourceKind = iota
	sourceLiteral
	sourceSubstitution
)

// op is one step of a payload: everything outside of Event/System.
type op struct {
	kind opKind
	name string // of the element for opOpen; the text of opText where value is no literal
	// value is the Name attribute for opOpen, the text for opText, the substitution for opValue.
	value    source
	optional bool // an element over a null value is absent
}

type opKind uint8

const (
	opOpen opKind = iota
	opClose
	opText
	opValue
)

// program is a template or fragment made ready: where the System values are, and the steps of the payload.
type program struct {
	system [systemFields]source
	ops    []op
	err    error
}

// templateAt returns the compiled template whose definition lies at that offset of the chunk.
func (s *scanner) templateAt(def uint32) *program {
	if p, ok := s.programs[def]; ok {
		return p
	}
	p := new(program)
	s.programs[def] = p
	// The definition: offset of the next one, GUID, size, then the fragment.
	if int64(def)+templateHeaderSize > int64(len(s.data)) {
		p.err = errTruncated
		return p
	}
	start := int(def) + templateHeaderSize
	size := binary.LittleEndian.Uint32(s.data[def+20:])
	if int64(size) > int64(len(s.data)-start) {
		p.err = errTruncated
		return p
	}
	mark := len(s.ops)
	s.ops, p.err = s.compile(p, s.ops, start, start+int(size), true)
	p.ops = s.ops[mark:len(s.ops):len(s.ops)]
	return p
}

const templateHeaderSize = 24

// compiler is the state of reading one fragment.
type compiler struct {
	s          *scanner
	p, end     int
	dependency bool // elements carry a dependency identifier: they do in templates, not in bare fragments
	depth      int
	path       [3]string // the outermost elements
	attr       string
	inStart    bool // between an open element and the end of its attributes
	opened     int  // index of the op of the last opened element, -1 in System
}

// compile reads the fragment in [p, end) of the chunk and appends its payload steps to ops.
func (s *scanner) compile(prog *program, ops []op, p, end int, dependency bool) ([]op, error) {
	c := compiler{s: s, p: p, end: end, dependency: dependency, opened: -1}
	for c.p < c.end {
		if s.left--; s.left < 0 || len(ops) >= maxOps {
			return ops, errTooLarge
		}
		token := s.data[c.p]
		c.p++
		var err error
		switch token &^ tokenMore {
		case tokenEnd:
			if c.depth != 0 {
				err = errNesting
			}
			return ops, err
		case tokenFragment:
			err = c.skip(3)
		case tokenOpen:
			ops, err = c.open(ops, token&tokenMore != 0)
		case tokenAttribute:
			c.attr, err = c.name()
		case tokenCloseStart:
			c.inStart, c.attr = false, ""
		case tokenCloseEmpty, tokenCloseElement:
			ops, err = c.close(ops)
		case tokenText:
			if err = c.skip(1); err == nil {
				ops, err = c.text(prog, ops)
			}
		case tokenCDATA:
			ops, err = c.text(prog, ops)
		case tokenCharRef:
			ops, err = c.charRef(ops)
		case tokenEntityRef:
			ops, err = c.entityRef(ops)
		case tokenPITarget:
			_, err = c.name()
		case tokenPIData:
			_, err = c.counted()
		case tokenSubstitution, tokenOptional:
			ops, err = c.substitution(prog, ops, token == tokenOptional)
		default:
			err = errToken
		}
		if err != nil {
			return ops, err
		}
	}
	if c.depth != 0 {
		return ops, errNesting
	}
	return ops, nil
}

func (c *compiler) skip(n int) error {
	if n > c.end-c.p {
		return errTruncated
	}
	c.p += n
	return nil
}

// counted consumes a u16 count of characters and that many, and returns them as a literal.
func (c *compiler) counted() (source, error) {
	if c.end-c.p < 2 {
		return source{}, errTruncated
	}
	n := 2 * int(binary.LittleEndian.Uint16(c.s.data[c.p:]))
	at := c.p + 2
	if n > c.end-at {
		return source{}, errTruncated
	}
	c.p = at + n
	return source{kind: sourceLiteral, at: uint32(at), n: uint32(n)}, nil
}

// name consumes the offset of a name and, where the name itself follows, the name too.
// A name is: offset of the next one, hash u16, count u16, characters, NUL.
func (c *compiler) name() (string, error) {
	if c.end-c.p < 4 {
		return "", errTruncated
	}
	at := int64(binary.LittleEndian.Uint32(c.s.data[c.p:]))
	c.p += 4
	if at+8 > int64(len(c.s.data)) {
		return "", errName
	}
	chars := int64(binary.LittleEndian.Uint16(c.s.data[at+6:]))
	if chars > maxNameChars || at+8+2*chars > int64(len(c.s.data)) {
		return "", errName
	}
	if at == int64(c.p) {
		if err := c.skip(int(8 + 2*chars + 2)); err != nil {
			return "", err
		}
	}
	return c.s.intern(c.s.data[at+8 : at+8+2*chars]), nil
}

func (c *compiler) inSystem() bool { return c.depth >= 2 && c.path[1] == "System" }

func (c *compiler) open(ops []op, attributes bool) ([]op, error) {
	if c.depth >= maxElementDepth {
		return ops, errNesting
	}
	if c.dependency {
		if err := c.skip(2); err != nil {
			return ops, err
		}
	}
	if err := c.skip(4); err != nil { // size of the element
		return ops, err
	}
	name, err := c.name()
	if err != nil {
		return ops, err
	}
	if attributes {
		if err := c.skip(4); err != nil { // size of the attributes
			return ops, err
		}
	}
	if c.depth < len(c.path) {
		c.path[c.depth] = name
	}
	c.depth++
	c.inStart, c.attr, c.opened = true, "", -1
	if !c.inSystem() {
		c.opened = len(ops)
		ops = append(ops, op{kind: opOpen, name: name})
	}
	return ops, nil
}

func (c *compiler) close(ops []op) ([]op, error) {
	if c.depth == 0 {
		return ops, errNesting
	}
	if !c.inSystem() {
		ops = append(ops, op{kind: opClose})
	}
	c.depth--
	c.inStart, c.attr, c.opened = false, "", -1
	return ops, nil
}

func (c *compiler) text(prog *program, ops []op) ([]op, error) {
	lit, err := c.counted()
	if err != nil {
		return ops, err
	}
	return c.put(prog, ops, lit), nil
}

func (c *compiler) substitution(prog *program, ops []op, optional bool) ([]op, error) {
	if c.end-c.p < 3 {
		return ops, errTruncated
	}
	index := binary.LittleEndian.Uint16(c.s.data[c.p:])
	c.p += 3
	before := len(ops)
	ops = c.put(prog, ops, source{kind: sourceSubstitution, at: uint32(index)})
	if len(ops) > before {
		ops[before].optional = optional
	}
	return ops, nil
}

// put gives a value its place: a System field, the Name of an element, or a step of the payload.
func (c *compiler) put(prog *program, ops []op, v source) []op {
	switch {
	case c.inSystem():
		if c.depth != 3 {
			return ops
		}
		if f := systemField(c.path[2], c.attr); f != systemOther && prog.system[f].kind == sourceNone {
			prog.system[f] = v
		}
	case c.inStart:
		if c.attr == "Name" && c.opened >= 0 && ops[c.opened].value.kind == sourceNone {
			ops[c.opened].value = v
		}
	case v.kind == sourceLiteral:
		ops = append(ops, op{kind: opText, value: v})
	default:
		ops = append(ops, op{kind: opValue, value: v})
	}
	return ops
}

func (c *compiler) charRef(ops []op) ([]op, error) {
	if c.end-c.p < 2 {
		return ops, errTruncated
	}
	v := source{kind: sourceLiteral, at: uint32(c.p), n: 2}
	c.p += 2
	if c.inStart || c.inSystem() {
		return ops, nil
	}
	return append(ops, op{kind: opText, value: v}), nil
}

func (c *compiler) entityRef(ops []op) ([]op, error) {
	name, err := c.name()
	if err != nil || c.inStart || c.inSystem() {
		return ops, err
	}
	text := "&" + name + ";"
	switch name {
	case "amp":
		text = "&"
	case "lt":
		text = "<"
	case "gt":
		text = ">"
	case "quot":
		text = `"`
	case "apos":
		text = "'"
	}
	return append(ops, op{kind: opText, name: text}), nil
}

// intern returns at most 2*maxNameChars bytes of UTF-16LE as a string that is shared between records and chunks.
func (s *scanner) intern(b []byte) string {
	if str, ok := s.names[string(b)]; ok {
		return str
	}
	str := string(appendUTF16(nil, b))
	if len(s.names) >= maxInterned {
		clear(s.names)
	}
	s.names[string(b)] = str
	return str
}
