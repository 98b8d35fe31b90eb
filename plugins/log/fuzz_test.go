package log

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/rectify-project/rectify/internal/forge/cab"
)

// FuzzMembers reads files of any content under names of all kinds: it must end, without a panic, and whatever it does not
// read to its end must be an error.
func FuzzMembers(f *testing.F) {
	cabinet, err := cab.Cabinet{Folders: []cab.Folder{{Method: cab.LZX(15), Files: []cab.File{{Name: `a\b.log`, Data: []byte(anchored)}}}}}.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cabinet, "x.cab")
	f.Add([]byte("PK\x03\x04 and no more"), "x.zip")
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), "x.gz")
	f.Add([]byte(anchored), "x.log")
	f.Add([]byte{}, "x.cab")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		enough := errors.New("enough")
		total := int64(0)
		err := members(t.Context(), `C:\`+name, bytes.NewReader(data), int64(len(data)), func(m member) error {
			n, err := io.Copy(io.Discard, io.LimitReader(m.text, 1<<20))
			if total += n; total >= 1<<20 {
				return enough // packed data may unpack to very much
			}
			return err
		})
		if err == nil && sniff(data) == plain && total != int64(len(data)) {
			t.Errorf("%d of %d bytes were read without an error", total, len(data))
		}
	})
}
