package evtx

import (
	"encoding/binary"
	"errors"
)

var (
	errInstance = errors.New("neither a template instance nor an element")
	errNoSystem = errors.New("no event identifier or provider")
	errValues   = errors.New("values lie outside of the record")
)

// instance is a program with the values of one record, or of one fragment nested in it.
type instance struct {
	prog *program
	vals []value
}

// instance reads the fragment in [p, end) of the chunk: a template with values, or bare elements.
func (s *scanner) instance(p, end int) (instance, error) {
	if end-p >= 4 && s.data[p] == tokenFragment {
		p += 4
	}
	if p >= end {
		return instance{}, errInstance
	}
	switch s.data[p] {
	case tokenTemplate:
		return s.templateInstance(p, end)
	case tokenOpen, tokenOpen | tokenMore:
		return s.bareFragment(p, end)
	}
	return instance{}, errInstance
}

// bareFragment reads elements without a template. Their elements should carry no dependency identifier; some
// writers give them one.
func (s *scanner) bareFragment(p, end int) (instance, error) {
	prog := new(program)
	if prog.ops, prog.err = s.compile(prog, nil, p, end, false); prog.err != nil {
		*prog = program{}
		prog.ops, prog.err = s.compile(prog, nil, p, end, true)
	}
	return instance{prog: prog}, prog.err
}

// templateInstance reads: token, version, identifier u32, offset of the definition u32, the definition itself if
// it lies here, count u32, that many (size u16, type u8, 0), then the values.
func (s *scanner) templateInstance(p, end int) (instance, error) {
	if end-p < 10 {
		return instance{}, errTruncated
	}
	def := binary.LittleEndian.Uint32(s.data[p+6:])
	p += 10
	prog := s.templateAt(def)
	if prog.err != nil {
		return instance{}, prog.err
	}
	if int64(def) == int64(p) {
		// templateAt has checked that the definition lies within the chunk.
		p += templateHeaderSize + int(binary.LittleEndian.Uint32(s.data[p+20:]))
	}
	if end-p < 4 {
		return instance{}, errTruncated
	}
	count := int64(binary.LittleEndian.Uint32(s.data[p:]))
	p += 4
	if 4*count > int64(end-p) {
		return instance{}, errValues
	}
	mark := len(s.vals)
	at := p + 4*int(count)
	for ; count > 0; count-- {
		n := int(binary.LittleEndian.Uint16(s.data[p:]))
		if n > end-at {
			return instance{}, errValues
		}
		s.vals = append(s.vals, value{at: uint32(at), n: uint32(n), typ: s.data[p+2]})
		at += n
		p += 4
	}
	return instance{prog, s.vals[mark:len(s.vals):len(s.vals)]}, nil
}

// lookup resolves a source; a substitution that the record does not have is null.
func (in instance) lookup(src source) value {
	switch {
	case src.kind == sourceLiteral:
		return value{at: src.at, n: src.n, typ: typeString}
	case src.kind == sourceSubstitution && int64(src.at) < int64(len(in.vals)):
		return in.vals[src.at]
	}
	return value{}
}
