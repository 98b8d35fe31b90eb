package scan

import (
	"bytes"
	"io"
)

// source gives the input as bytes in which a line ends with '\n': as it is, or UTF-16 as UTF-8.
type source struct {
	r    io.Reader
	enc  Encoding
	mark int64 // length of the byte order mark
	read int64 // bytes of input so far
	bad  int64 // wrong code units of UTF-16

	begun bool
	raw   []byte // UTF-16 not yet decoded
	eof   bool
	err   error // that ended the input
}

func (s *source) isUTF16() bool { return s.enc != UTF8 }

// fill appends text to buf until it is full or the input ends.
func (s *source) fill(buf []byte) (out []byte, last bool, err error) {
	if !s.begun {
		s.begun = true
		head := make([]byte, min(4096, cap(buf)))
		n, err := readFull(s.r, head)
		rest := s.r
		if err != nil && err != io.EOF {
			rest = failed{err} // after what it gave before that
		}
		var mark int
		s.enc, mark = detect(head[:n])
		s.mark, s.read = int64(mark), int64(n)
		s.r = io.MultiReader(bytes.NewReader(head[mark:n]), &counter{rest, &s.read})
		if s.isUTF16() {
			s.raw = make([]byte, 0, 64<<10)
		}
	}
	if s.isUTF16() {
		return s.fillUTF16(buf)
	}
	n, err := readFull(s.r, buf[len(buf):cap(buf)])
	buf = buf[:len(buf)+n]
	if err == io.EOF {
		return buf, true, nil
	}
	return buf, false, err
}

// readFull fills a buffer. Unlike [io.ReadFull] it keeps an input that ends (io.EOF) apart from one that says itself that
// it was cut off (io.ErrUnexpectedEOF).
func readFull(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var got int
		got, err = r.Read(buf[n:])
		n += got
	}
	if n == len(buf) {
		err = nil
	}
	return n, err
}

func (s *source) fillUTF16(buf []byte) ([]byte, bool, error) {
	for {
		if !s.eof && len(s.raw) < cap(s.raw) {
			n, err := s.r.Read(s.raw[len(s.raw):cap(s.raw)])
			s.raw = s.raw[:len(s.raw)+n]
			if err != nil {
				s.eof = true
			}
			if err != io.EOF {
				s.err = err
			}
		}
		out, taken, bad := decodeUTF16(buf, s.raw, s.enc == UTF16BE, s.eof)
		buf, s.bad = out, s.bad+int64(bad)
		s.raw = s.raw[:copy(s.raw, s.raw[taken:])]
		if s.eof && len(s.raw) == 0 {
			return buf, true, s.err
		}
		if cap(buf)-len(buf) < 4 {
			return buf, false, nil
		}
	}
}

// counter adds up what is read.
type counter struct {
	r io.Reader
	n *int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

// failed is the rest of an input that cannot be read on.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
