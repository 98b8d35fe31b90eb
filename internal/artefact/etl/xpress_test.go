package etl

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for name, c := range map[string]struct {
		packed string
		size   int
		want   string
		err    error
	}{
		// The two examples of [MS-XCA] 3.1 and 3.2.
		"literals": {"\x3f\x00\x00\x00abcdefghijklmnopqrstuvwxyz", 26, "abcdefghijklmnopqrstuvwxyz", nil},
		"match":    {"\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01", 300, strings.Repeat("abc", 100), nil},

		"stops-at-size":   {"\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01", 7, "abcabca", nil},
		"half-byte-twice": {"\x00\x00\x00\x60a\x07\x00\x21\x07\x00", 1 + 11 + 12, strings.Repeat("a", 24), nil},
		"long-length":     {"\x00\x00\x00\x40a\x07\x00\x0f\xff\x00\x00\x00\x00\x01\x00", 1 + 65539, strings.Repeat("a", 65540), nil},
		"nothing":         {"", 10, "", errPackedEnd},
		"flags-only":      {"\x00\x00\x00\x00", 10, "", errPackedEnd},
		"match-cut":       {"\x00\x00\x00\x40a\x07", 10, "a", errPackedEnd},
		"length-cut":      {"\x00\x00\x00\x40a\x07\x00", 10, "a", errPackedEnd},
		"length-byte-cut": {"\x00\x00\x00\x40a\x07\x00\x0f", 100, "a", errPackedEnd},
		"length-word-cut": {"\x00\x00\x00\x40a\x07\x00\x0f\xff\x00", 100, "a", errPackedEnd},
		"length-long-cut": {"\x00\x00\x00\x40a\x07\x00\x0f\xff\x00\x00\x01", 100, "a", errPackedEnd},
		"before-start":    {"\x00\x00\x00\x40a\x08\x00", 10, "a", errPackedOffset},
		"length-small":    {"\x00\x00\x00\x40a\x07\x00\x0f\xff\x01\x00", 100, "a", errPackedLength},
		"length-huge":     {"\x00\x00\x00\x40a\x07\x00\x0f\xff\x00\x00\xff\xff\xff\xff", 100, "a", errPackedLength},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := expand(nil, []byte(c.packed), c.size)
			if !errors.Is(err, c.err) || string(got) != c.want {
				t.Errorf("got %.80q, %v; want %.80q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func FuzzExpand(f *testing.F) {
	f.Add([]byte("\x3f\x00\x00\x00abcdefghijklmnopqrstuvwxyz"), 26)
	f.Add([]byte("\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01"), 300)
	f.Fuzz(func(t *testing.T, packed []byte, size int) {
		size &= 0xffff
		whole, err := expand(nil, packed, size)
		if len(whole) > size || err == nil && len(whole) != size {
			t.Fatalf("%d bytes, error %v, want %d", len(whole), err, size)
		}
		// What comes first does not depend on how much is asked for.
		half, _ := expand(nil, packed, size/2)
		if !bytes.HasPrefix(whole, half) {
			t.Fatalf("unpacking %d bytes begins otherwise than unpacking %d", size/2, size)
		}
	})
}
