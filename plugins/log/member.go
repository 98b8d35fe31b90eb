package log

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/cab"
)

// maxUnpacked bounds what is unpacked of one packed log; servicing logs are packed at 50 MB.
const maxUnpacked = 16 << 30

// maxMembers bounds how many files of one archive are read.
const maxMembers = 10_000

// member is one text: a plain file, or a file in a packed one.
type member struct {
	name   string // C:\Windows\Logs\CBS\CbsPersist_1.cab → CbsPersist_1.log
	size   int64  // as far as it is known before reading
	text   io.Reader
	at     io.ReaderAt // of plain files only
	packed bool
}

// archive is a kind of packed file, known by how it begins.
type archive int

const (
	plain archive = iota
	cabinet
	zipped
	gzipped
)

func sniff(head []byte) archive {
	switch {
	case bytes.HasPrefix(head, []byte("MSCF")):
		return cabinet
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipped
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return gzipped
	}
	return plain
}

// named gives the kind that a file should be by its extension.
func named(path string) archive {
	lower := strings.ToLower(path)
	switch {
	case strings.HasSuffix(lower, ".cab"):
		return cabinet
	case strings.HasSuffix(lower, ".zip"):
		return zipped
	case strings.HasSuffix(lower, ".gz"):
		return gzipped
	}
	return plain
}

// members calls fn for each text of a file. Errors are those of fn, and what keeps the file from being read whole.
func members(ctx context.Context, path string, r io.ReaderAt, size int64, fn func(member) error) error {
	head := make([]byte, 4)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	kind := sniff(head[:n])
	switch {
	case kind == cabinet:
		return cabinetMembers(ctx, path, r, size, fn)
	case kind == zipped:
		return zipMembers(path, r, size, fn)
	case kind == gzipped:
		return gzipMember(path, r, size, fn)
	case named(path) != plain && size > 0:
		return fmt.Errorf("begins with % x, which is no archive of the kind that its name says", head[:n])
	}
	return fn(member{name: path, size: size, text: io.NewSectionReader(r, 0, size), at: r})
}

func cabinetMembers(ctx context.Context, path string, r io.ReaderAt, size int64, fn func(member) error) error {
	c, err := cab.Open(r, size)
	if err != nil {
		return err
	}
	read := 0
	return c.Extract(ctx, func(f cab.File, text io.Reader) error {
		if read++; read > maxMembers {
			return fmt.Errorf("has more than %d files", maxMembers)
		}
		return packedMember(path, f.Name, f.Size, text, fn)
	})
}

func zipMembers(path string, r io.ReaderAt, size int64, fn func(member) error) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	var failed error
	for i, f := range z.File {
		if i >= maxMembers {
			return errors.Join(failed, fmt.Errorf("has more than %d files", maxMembers))
		}
		if !f.Mode().IsRegular() {
			continue
		}
		text, err := f.Open()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", f.Name, err))
			continue
		}
		err = packedMember(path, f.Name, int64(f.UncompressedSize64), text, fn)
		text.Close()
		if err != nil {
			return err
		}
	}
	return failed
}

func gzipMember(path string, r io.ReaderAt, size int64, fn func(member) error) error {
	z, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(r, 0, size)))
	if err != nil {
		return err
	}
	defer z.Close()
	name := z.Name
	if name == "" {
		name = path[strings.LastIndexByte(path, '\\')+1:]
		if named(name) == gzipped {
			name = name[:len(name)-len(".gz")]
		}
	}
	return packedMember(path, name, 0, z, fn)
}

func packedMember(path, name string, size int64, text io.Reader, fn func(member) error) error {
	b := bufio.NewReader(&bounded{text, maxUnpacked})
	head, err := b.Peek(4)
	if err == nil && sniff(head) != plain {
		return fmt.Errorf("%s in it is packed once more: unpack it first", printable(name))
	}
	return fn(member{name: path + " → " + printable(name), size: size, text: b, packed: true})
}

// printable bounds a name out of an archive and leaves out what could deceive a reader of it.
func printable(name string) string {
	name = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return '?'
		}
		return c
	}, strings.ToValidUTF8(name, "?"))
	if len(name) > 260 {
		name = strings.ToValidUTF8(name[:260], "") + "…"
	}
	return name
}

// errCutOff says in words what io.ErrUnexpectedEOF means for a packed log.
var errCutOff = errors.New("ends early: it was cut off")

// bounded is a reader that fails once it has given left bytes.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("unpacks to more than %d GiB", int64(maxUnpacked)>>30)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCutOff
	}
	return n, err
}
