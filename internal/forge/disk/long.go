package disk

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// LongLog writes an event channel of about size bytes to a path below root: the chunks of a short one over and over,
// because chunks can be read alone. Vary may change the i-th chunk before it is written, beyond its header; nil changes
// nothing.
func LongLog(t testing.TB, root, name string, size int64, short []byte, vary func(i int, chunk []byte)) {
	t.Helper()
	const head, chunkSize = 4096, 64 << 10
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(short[:head]); err != nil {
		t.Fatal(err)
	}
	chunks := short[head:]
	b := make([]byte, chunkSize)
	for i := 0; int64(i)*chunkSize < size; i++ {
		at := i * chunkSize % len(chunks)
		copy(b, chunks[at:at+chunkSize])
		if vary != nil {
			vary(i, b)
			seal(b)
		}
		if _, err := f.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

// Number writes a number into the four bytes before each mark in a chunk, so that what its copies tell of is not the same.
func Number(chunk, mark []byte, n uint32) {
	for at := 0; ; {
		found := bytes.Index(chunk[at:], mark)
		if found < 0 {
			return
		}
		binary.LittleEndian.PutUint32(chunk[at+found-4:], n)
		at += found + len(mark)
	}
}

// seal gives a chunk its checksums: of its records, and of its header without them.
func seal(b []byte) {
	const header, end, records, own = 512, 48, 52, 124
	le := binary.LittleEndian
	le.PutUint32(b[records:], crc32.ChecksumIEEE(b[header:le.Uint32(b[end:])]))
	le.PutUint32(b[own:], crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:header]))
}
