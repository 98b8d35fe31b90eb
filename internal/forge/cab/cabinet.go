// Package cab writes Microsoft cabinets ([MS-CAB]) for example disks and for
// tests. The same cabinet always gives the same bytes.
package cab

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Method is how a folder is compressed (CFFOLDER.typeCompress).
type Method uint16

const (
	Stored Method = 0
	MSZIP  Method = 1
)

// LZX is compression with a window of 2^bits bytes, 15 to 21.
func LZX(bits int) Method { return Method(methodLZX | bits<<8) }

const (
	methodMask = 0x0f
	methodLZX  = 3
	frameSize  = 32768 // bytes that a block unpacks to
	nameIsUTF8 = 0x80
)

// Cabinet is a cabinet to be written.
type Cabinet struct {
	Folders []Folder
	// NoChecksums leaves the checksums of the blocks out, as some tools do.
	NoChecksums bool
}

// Folder is a run of files that are compressed together.
type Folder struct {
	Method Method
	Files  []File
}

// File is an entry.
type File struct {
	Name       string // with backslashes
	Time       time.Time
	Attributes uint16 // 0 is written as 0x20, archive
	Data       []byte
}

var le = binary.LittleEndian

// Bytes returns the cabinet.
func (c Cabinet) Bytes() ([]byte, error) {
	var entries, data bytes.Buffer
	type placed struct{ start, blocks int }
	var folders []placed
	files := 0
	for i, f := range c.Folders {
		var content []byte
		for _, file := range f.Files {
			if err := writeEntry(&entries, file, i, len(content)); err != nil {
				return nil, err
			}
			content = append(content, file.Data...)
			files++
		}
		blocks, err := f.Method.pack(content)
		if err != nil {
			return nil, fmt.Errorf("folder %d: %w", i, err)
		}
		folders = append(folders, placed{data.Len(), len(blocks)})
		for n, b := range blocks {
			size := min(len(content)-n*frameSize, frameSize)
			h := make([]byte, 8)
			le.PutUint16(h[4:], uint16(len(b)))
			le.PutUint16(h[6:], uint16(size))
			if !c.NoChecksums {
				le.PutUint32(h, checksum(h[4:], checksum(b, 0)))
			}
			data.Write(h)
			data.Write(b)
		}
	}
	if len(folders) > 0xffff || files > 0xffff {
		return nil, fmt.Errorf("%d folders and %d files, expected at most 65535 of each", len(folders), files)
	}

	const headerSize, folderSize = 36, 8
	entriesAt := headerSize + folderSize*len(folders)
	dataAt := entriesAt + entries.Len()
	out := make([]byte, headerSize, dataAt+data.Len())
	copy(out, "MSCF")
	le.PutUint32(out[8:], uint32(dataAt+data.Len()))
	le.PutUint32(out[16:], uint32(entriesAt))
	out[24], out[25] = 3, 1
	le.PutUint16(out[26:], uint16(len(folders)))
	le.PutUint16(out[28:], uint16(files))
	for i, f := range folders {
		out = le.AppendUint32(out, uint32(dataAt+f.start))
		out = le.AppendUint16(out, uint16(f.blocks))
		out = le.AppendUint16(out, uint16(c.Folders[i].Method))
	}
	out = append(out, entries.Bytes()...)
	return append(out, data.Bytes()...), nil
}

// writeEntry writes CFFILE.
func writeEntry(w *bytes.Buffer, f File, folder, offset int) error {
	if len(f.Name) == 0 || len(f.Name) > 255 || bytes.ContainsRune([]byte(f.Name), 0) {
		return fmt.Errorf("file name %q, expected 1 to 255 bytes without NUL", f.Name)
	}
	attributes := f.Attributes
	if attributes == 0 {
		attributes = 0x20
	}
	for _, c := range f.Name {
		if c >= 0x80 {
			attributes |= nameIsUTF8
		}
	}
	date, clock := uint16(1<<5|1), uint16(0)
	if t := f.Time; t.Year() >= 1980 && t.Year() < 2108 {
		date = uint16(t.Year()-1980)<<9 | uint16(t.Month())<<5 | uint16(t.Day())
		clock = uint16(t.Hour())<<11 | uint16(t.Minute())<<5 | uint16(t.Second()/2)
	}
	b := le.AppendUint32(nil, uint32(len(f.Data)))
	b = le.AppendUint32(b, uint32(offset))
	for _, v := range []uint16{uint16(folder), date, clock, attributes} {
		b = le.AppendUint16(b, v)
	}
	w.Write(b)
	w.WriteString(f.Name)
	w.WriteByte(0)
	return nil
}

// pack gives the blocks of a folder.
func (m Method) pack(content []byte) ([][]byte, error) {
	switch m & methodMask {
	case Stored:
		var blocks [][]byte
		for frame := range frames(content) {
			blocks = append(blocks, frame)
		}
		return blocks, nil
	case MSZIP:
		return packMSZIP(content)
	case methodLZX:
		return packLZX(content, int(m>>8))
	}
	return nil, fmt.Errorf("compression method %d, expected stored, MSZIP or LZX", m&methodMask)
}

func frames(content []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(content) > 0 {
			n := min(len(content), frameSize)
			if !yield(content[:n]) {
				return
			}
			content = content[n:]
		}
	}
}

// packMSZIP gives a deflate stream for each block, which may refer to the block
// before it ([MS-MCI]).
func packMSZIP(content []byte) ([][]byte, error) {
	var blocks [][]byte
	var history []byte
	for frame := range frames(content) {
		var out bytes.Buffer
		out.WriteString("CK")
		w, err := flate.NewWriterDict(&out, flate.BestCompression, history)
		if err != nil {
			return nil, err
		}
		_, err = w.Write(frame)
		if err := errors.Join(err, w.Close()); err != nil {
			return nil, err
		}
		blocks = append(blocks, out.Bytes())
		history = frame
	}
	return blocks, nil
}

// checksum is that of [MS-CAB] 3.1.
func checksum(b []byte, sum uint32) uint32 {
	for ; len(b) >= 4; b = b[4:] {
		sum ^= le.Uint32(b)
	}
	var rest uint32
	for _, c := range b {
		rest = rest<<8 | uint32(c)
	}
	return sum ^ rest
}
