// Pealign moves the sections of a Windows executable to multiples of a page in its file.
//
//	go run -C tools ./pealign FILE.exe
//
// Go's linker places them at multiples of 512 bytes. Such a file cannot be mapped page by page by Wine, which then reads all of
// it into the memory of each process: of rectify.exe there is one for each plugin. To Windows both are the same
// (Microsoft's PE format: FileAlignment is a power of two between 512 and 64 K).
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pealign FILE.exe")
		os.Exit(2)
	}
	if err := file(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "pealign: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func file(path string) error {
	was, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	is, err := align(was)
	if err != nil {
		return err
	}
	return os.WriteFile(path, is, 0o777)
}

const page = 4096

// Offsets in the headers, from where they begin.
const (
	peOffset       = 0x3c // of the file: where the signature is
	symbolTable    = 8    // of the COFF header, behind the signature of 4 bytes
	symbols        = 12   // likewise: how many
	optionalSize   = 16
	coffSize       = 20
	fileAlignment  = 36 // of the optional header, as the next two
	sizeOfHeaders  = 60
	checkSum       = 64
	securityFolder = 144 // of that of PE32+: address and size of the signature
	sectionSize    = 40
	rawSize        = 16 // of a section, as the next one
	rawPointer     = 20
)

var errForm = errors.New("this is no executable that Go has linked for 64 bits: its headers are not as expected")

// align gives the file with its sections at multiples of a page.
func align(was []byte) ([]byte, error) {
	le := binary.LittleEndian
	if len(was) < peOffset+4 {
		return nil, errForm
	}
	coff := int(le.Uint32(was[peOffset:])) + 4
	if coff < 4 || coff+coffSize > len(was) || string(was[coff-4:coff]) != "PE\x00\x00" {
		return nil, errForm
	}
	optional := coff + coffSize
	sections := optional + int(le.Uint16(was[coff+optionalSize:]))
	end := sections + sectionSize*int(le.Uint16(was[coff+2:]))
	if sections < optional+securityFolder+8 || end > len(was) || end > page || le.Uint16(was[optional:]) != 0x20b {
		return nil, errForm
	}
	if le.Uint32(was[coff+symbols:]) != 0 || le.Uint32(was[optional+securityFolder:]) != 0 {
		return nil, errors.New("it has symbols or a signature, which stand at places that would change: link it with -s, and sign it afterwards")
	}
	is := make([]byte, page, len(was)+page*int(le.Uint16(was[coff+2:])))
	copy(is, was[:end])
	le.PutUint32(is[coff+symbolTable:], 0) // of none
	le.PutUint32(is[optional+fileAlignment:], page)
	le.PutUint32(is[optional+sizeOfHeaders:], page)
	le.PutUint32(is[optional+checkSum:], 0)
	for at := sections; at < end; at += sectionSize {
		from, size := int(le.Uint32(was[at+rawPointer:])), int(le.Uint32(was[at+rawSize:]))
		if size == 0 {
			continue
		}
		if from+size > len(was) {
			return nil, errForm
		}
		le.PutUint32(is[at+rawPointer:], uint32(len(is)))
		is = append(is, was[from:from+size]...)
		is = append(is, make([]byte, -len(is)&(page-1))...)
		le.PutUint32(is[at+rawSize:], uint32(len(is))-le.Uint32(is[at+rawPointer:]))
	}
	return is, nil
}
