package evtx

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"
)

const (
	// maxRecordWork bounds the text, steps and fields of one record: a template of 64 KiB can name one long value
	// thousands of times.
	maxRecordWork = 1 << 20
	// maxChunkWork bounds the same for all records of a chunk. Real chunks take about 100 KB.
	maxChunkWork = 4 << 20
	// fieldWork is what a field counts beside its text.
	fieldWork = 32
	// maxFragmentDepth bounds fragments within values of fragments. Windows writes one level.
	maxFragmentDepth = 8
)

var errFragmentDepth = errors.New("binary XML fragments are nested too deep")

// record reads the record at p of the chunk and delivers it if it passes the filter. The error is that of the
// callback.
func (s *scanner) record(p, size int) error {
	s.vals = s.vals[:0]
	at := s.base + int64(p)
	in, err := s.instance(p+recordHeaderSize, p+size-4)
	if err != nil {
		s.cov.recordFault(at, err.Error())
		return nil
	}
	id, ok := s.number(in, systemID)
	provider := s.shared(in, systemProvider)
	if !ok || provider == "" {
		s.cov.recordFault(at, errNoSystem.Error())
		return nil
	}
	when, ok := s.when(in)
	if !ok || when.Year() > lastYear {
		when = fileTime(binary.LittleEndian.Uint64(s.data[p+16:]))
	}
	if when.Year() > lastYear {
		when = time.Time{}
	}
	s.cov.see(when)
	f := &s.filter
	if !f.matchID(uint32(id)) || !f.matchTime(when) || !f.matchProvider(provider) {
		return nil
	}
	r := &Record{Offset: at, Time: when, ID: uint32(id), Provider: provider}
	if r.RecordID, ok = s.number(in, systemRecordID); !ok {
		r.RecordID = binary.LittleEndian.Uint64(s.data[p+8:])
	}
	s.system(r, in)
	pay := payload{scanner: s, rec: r, left: min(maxRecordWork, s.left)}
	s.text, s.frames = s.text[:0], s.frames[:0]
	budget := pay.left
	err = pay.run(in, 0)
	s.left -= budget - max(pay.left, 0)
	if err != nil {
		s.cov.recordFault(at, err.Error())
		return nil
	}
	s.cov.Matched++
	return s.emit(r)
}

// system fills in the values that no filter needs.
func (s *scanner) system(r *Record, in instance) {
	n := func(field int) uint64 { v, _ := s.number(in, field); return v }
	r.Qualifiers = uint16(n(systemQualifiers))
	r.Version = uint8(n(systemVersion))
	r.Level = uint8(n(systemLevel))
	r.Task = uint16(n(systemTask))
	r.Opcode = uint8(n(systemOpcode))
	r.Keywords = n(systemKeywords)
	r.ProcessID = uint32(n(systemProcessID))
	r.ThreadID = uint32(n(systemThreadID))
	r.ProviderGUID = s.shared(in, systemProviderGUID)
	r.Channel = s.shared(in, systemChannel)
	r.Computer = s.shared(in, systemComputer)
	r.UserSID = s.shared(in, systemUserSID)
	r.ActivityID = s.shared(in, systemActivityID)
}

// lastYear is the last one that the text form of a time (RFC 3339) can hold; a later one comes from a damaged record.
const lastYear = 9999

// frame is an open element of the payload.
type frame struct {
	name, label string
	start       int  // of its text in scanner.text
	parent      bool // has child elements
	absent      bool // stands for an optional value that is null
}

// payload collects the fields of one record.
type payload struct {
	*scanner
	rec  *Record
	left int
}

func (p *payload) spend(n int) error {
	if p.left -= n; p.left < 0 {
		return errTooLarge
	}
	return nil
}

// run carries out the steps of an instance. depth counts fragments within values.
func (p *payload) run(in instance, depth int) error {
	base := len(p.frames)
	for i := range in.prog.ops {
		o := &in.prog.ops[i]
		if err := p.spend(1); err != nil {
			return err
		}
		var err error
		switch o.kind {
		case opOpen:
			err = p.open(o, in)
		case opClose:
			if len(p.frames) <= base {
				return errNesting
			}
			err = p.close()
		case opText:
			if o.value.kind == sourceLiteral {
				err = p.append(in.lookup(o.value))
			} else {
				p.text = append(p.text, o.name...)
				err = p.spend(len(o.name))
			}
		case opValue:
			v := in.lookup(o.value)
			if o.optional && v.typ == typeNull && len(p.frames) > 0 {
				p.frames[len(p.frames)-1].absent = true
				continue
			}
			err = p.value(v, depth)
		}
		if err != nil {
			return err
		}
	}
	if len(p.frames) != base {
		return errNesting
	}
	return nil
}

func (p *payload) open(o *op, in instance) error {
	if len(p.frames) >= maxElementDepth {
		return errNesting
	}
	if n := len(p.frames); n > 0 {
		p.frames[n-1].parent = true
	}
	fr := frame{name: o.name, label: o.name, start: len(p.text)}
	if o.name == "Data" || o.name == "ComplexData" {
		fr.label = ""
		switch v := in.lookup(o.value); {
		case v.typ == typeString && v.n <= 2*maxNameChars:
			fr.label = p.intern(p.bytes(v))
		case v.typ != typeNull:
			return errName
		}
	}
	if len(p.frames) == 1 && o.name == "UserData" {
		p.rec.UserData = true
	}
	p.frames = append(p.frames, fr)
	return nil
}

// close ends the innermost element. It is a field if it has no child elements, or has text of its own.
func (p *payload) close() error {
	n := len(p.frames) - 1
	fr := p.frames[n]
	text := p.text[fr.start:]
	leaf := !fr.parent && !fr.absent && n >= 2
	if leaf || len(bytes.TrimSpace(text)) > 0 {
		if err := p.field(fr, n); err != nil {
			return err
		}
	}
	p.text = p.text[:fr.start]
	p.frames = p.frames[:n]
	return nil
}

// field adds the text of an element at that depth to the record.
func (p *payload) field(fr frame, depth int) error {
	text := p.text[fr.start:]
	if len(p.frames) >= 2 && p.frames[1].name == "RenderingInfo" {
		return nil // the message in the language of the machine that forwarded it
	}
	if fr.name == "Binary" && depth == 2 && !p.rec.UserData {
		if b, err := hex.AppendDecode(nil, text); err == nil {
			p.rec.Binary = b
			return nil
		}
	}
	if err := p.spend(fieldWork); err != nil {
		return err
	}
	p.rec.Data = append(p.rec.Data, Field{Name: fr.label, Value: string(text)})
	return nil
}

// value puts a substitution into the text of the innermost element. A fragment becomes child elements; of an array
// each item but the last closes its element, as Windows repeats the element for each item.
func (p *payload) value(v value, depth int) error {
	if v.typ == typeBinXML {
		if depth >= maxFragmentDepth {
			return errFragmentDepth
		}
		if v.n == 0 {
			return nil
		}
		mark := len(p.vals)
		in, err := p.instance(int(v.at), int(v.at+v.n))
		if err != nil {
			return err
		}
		if err := p.spend(len(in.vals)); err != nil {
			return err
		}
		err = p.run(in, depth+1)
		p.vals = p.vals[:mark]
		return err
	}
	if v.typ&typeArray == 0 {
		return p.append(v)
	}
	n := len(p.frames) - 1
	if n < 0 {
		return errNesting
	}
	for v.n > 0 {
		var item value
		item, v = p.item(v)
		if err := p.append(item); err != nil {
			return err
		}
		if v.n > 0 {
			if err := p.field(p.frames[n], n); err != nil {
				return err
			}
			p.text = p.text[:p.frames[n].start]
		}
	}
	return nil
}

// append puts a single value into the text of the innermost element.
func (p *payload) append(v value) error {
	at := len(p.text)
	if p.left < int(v.n) { // no type but a number grows less than its bytes
		return errTooLarge
	}
	p.text = p.appendValue(p.text, v)
	return p.spend(len(p.text) - at)
}
