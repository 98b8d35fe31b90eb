package hive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	forge "github.com/rectify-project/rectify/internal/forge/hive"
)

func forged(t testing.TB, root *forge.Key, dirty bool) []byte {
	t.Helper()
	b, err := forge.Bytes(root, forge.Options{Name: "SYSTEM", Dirty: dirty})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(b []byte, logs ...[]byte) (*Hive, error) {
	var sources []Source
	for _, l := range logs {
		sources = append(sources, Source{bytes.NewReader(l), int64(len(l))})
	}
	return Open(Source{bytes.NewReader(b), int64(len(b))}, sources...)
}

func services() *forge.Key {
	root := &forge.Key{}
	for i := range 20 {
		root.At(fmt.Sprintf(`ControlSet001\Services\svc%02d`, i)).Set(forge.DWord("Start", uint32(i)))
	}
	return root
}

func TestDataByType(t *testing.T) {
	root := (&forge.Key{}).Set(
		forge.String("sz", "ü😀"), forge.ExpandString("expand", "%a%"), forge.DWord("dword", 7), forge.QWord("qword", 1<<40),
		forge.Binary("bin", []byte{1, 2}), forge.Strings("multi", "a", "b"), forge.Strings("renames", "a", "", "b", "c", "d", ""), forge.Strings("no-strings"),
		forge.Value{Name: "be", Type: 5, Data: []byte{0, 0, 1, 2}},
		forge.Value{Name: "unterminated", Type: 1, Data: []byte{'a', 0, 'b', 0}},
		forge.Value{Name: "rest-after-nul", Type: 1, Data: []byte{'a', 0, 0, 0, 'b', 0, 'c'}},
		forge.Value{Name: "multi-no-end", Type: 7, Data: []byte{'a', 0, 0, 0, 'b', 0}},
		forge.Value{Name: "short-dword", Type: 4, Data: []byte{1, 2}},
		forge.Value{Name: "short-qword", Type: 11, Data: []byte{1, 2, 3, 4}},
		forge.Value{Name: "odd-type", Type: 0x10007, Data: []byte{1, 2, 3, 4, 5}},
	)
	h, err := open(forged(t, root, false))
	if err != nil {
		t.Fatal(err)
	}
	k, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"sz": `REG_SZ "ü😀"`, "expand": `REG_EXPAND_SZ "%a%"`, "dword": "REG_DWORD 0x7", "qword": "REG_QWORD 0x10000000000",
		"bin": `REG_BINARY []byte{0x1, 0x2}`, "multi": `REG_MULTI_SZ []string{"a", "b"}`,
		"renames": `REG_MULTI_SZ []string{"a", "", "b", "c", "d", ""}`, "no-strings": `REG_MULTI_SZ []string(nil)`,
		"be": "REG_DWORD_BIG_ENDIAN 0x102", "unterminated": `REG_SZ "ab"`, "rest-after-nul": `REG_SZ "a"`,
		"multi-no-end": `REG_MULTI_SZ []string{"a", "b"}`, "odd-type": `REG_TYPE_65543 []byte{0x1, 0x2, 0x3, 0x4, 0x5}`,
		"short-dword": "REG_DWORD error", "short-qword": "REG_QWORD error",
	} {
		v, err := k.Value(strings.ToUpper(name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d, err := v.Data()
		got := fmt.Sprintf("%v %#v", v.Type, d)
		if err != nil {
			got = v.Type.String() + " error"
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if _, err := k.Value("missing"); !errors.Is(err, ErrNotExist) {
		t.Errorf("missing value: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	good := forged(t, services(), false)
	change := func(at int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], b)
		binary.LittleEndian.PutUint32(out[offChecksum:], checksum(out))
		return out
	}
	wrongSum := bytes.Clone(good)
	wrongSum[100]++
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"empty":        {nil, "0 bytes"},
		"not-a-hive":   {bytes.Repeat([]byte("MZ"), 4096), `expected "regf"`},
		"wrong-sum":    {wrongSum, "checksum of the base block is wrong"},
		"format-2":     {change(offMajor, 2), "format 2.5"},
		"format-1.9":   {change(offMinor, 9), "format 1.9"},
		"root-outside": {change(offRoot, 0, 0, 0xFF), "no cell can be here"},
		"root-odd":     {change(offRoot, 0x21), "no cell can be here"},
		"root-no-key":  {change(offRoot, 0, 0, 0), "expected an allocated cell"},
		"cut":          {good[:baseSize], "no cell can be here"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := open(c.in)
			if err == nil {
				_, err = h.Root()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// list gives where the list of subkeys of a key begins in the file.
func (k *Key) list() int { return baseSize + int(k.subkeyList) + 4 }

func TestHostileLists(t *testing.T) {
	good := forged(t, services(), false)
	h, err := open(good)
	if err != nil {
		t.Fatal(err)
	}
	root, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	parent, err := h.Open(`ControlSet001\Services`)
	if err != nil {
		t.Fatal(err)
	}
	at := parent.list()
	put := func(changes ...[2]uint32) []byte { // offset in the list, value
		b := bytes.Clone(good)
		for _, c := range changes {
			binary.LittleEndian.PutUint32(b[at+int(c[0]):], c[1])
		}
		return b
	}
	const ri1 = 'r' | 'i'<<8 | 1<<16
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"list-of-itself":    {put([2]uint32{0, ri1}, [2]uint32{4, parent.subkeyList}), `begins with "ri"`},
		"root-as-subkey":    {put([2]uint32{4, root.off}), "the root is listed"},
		"ancestor":          {put([2]uint32{4, parent.off}), "belongs to the key"},
		"listed-twice":      {put([2]uint32{12, binary.LittleEndian.Uint32(good[at+4:])}), "listed twice"},
		"too-many-in-list":  {put([2]uint32{0, 'l' | 'h'<<8 | 0xFFFF<<16}), "more subkeys of \"Services\" are listed than the 20"},
		"too-few-in-list":   {put([2]uint32{0, 'l' | 'h'<<8 | 3<<16}), "3 subkeys of \"Services\" are listed"},
		"unknown-list":      {put([2]uint32{0, 'x' | 'x'<<8 | 3<<16}), "expected li, lf or lh"},
		"subkey-is-no-cell": {put([2]uint32{4, 0xFFFFFFF8}), "no cell can be here"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := open(c.in)
			if err != nil {
				t.Fatal(err)
			}
			k, err := h.Open(`ControlSet001\Services`)
			if err != nil {
				t.Fatal(err)
			}
			var bad *CorruptError
			if _, err := k.Subkeys(); !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := k.Open("no such service"); err == nil {
				t.Error("a key that is not there was found")
			}
		})
	}
}

// A key that cannot be read is not the same as one that is not there.
func TestUnreadableKeyIsNotMissing(t *testing.T) {
	b := forged(t, services(), false)
	h, _ := open(b)
	k, err := h.Open(`ControlSet001\Services\svc07`)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[baseSize+int(k.off)+4:], "xx")
	if _, err := h.Open(`ControlSet001\Services\svc07`); err == nil || errors.Is(err, ErrNotExist) {
		t.Errorf("damaged key: %v", err)
	}
	if _, err := h.Open(`ControlSet001\Services\svc08`); err != nil {
		t.Errorf("its neighbour: %v", err)
	}
	if names, err := h.mustOpen(t, `ControlSet001\Services`).Subkeys(); len(names) != 19 || err == nil {
		t.Errorf("%d names, %v", len(names), err)
	}
}

func (h *Hive) mustOpen(t *testing.T, path string) *Key {
	t.Helper()
	k, err := h.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFiletime(t *testing.T) {
	for in, want := range map[uint64]time.Time{
		0:                  {},
		^uint64(0):         {},
		132223104000000001: time.Date(2020, 1, 1, 0, 0, 0, 100, time.UTC),
		1:                  time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC),
	} {
		if got := filetime(in); !got.Equal(want) {
			t.Errorf("%d: got %v, want %v", in, got, want)
		}
	}
}

func FuzzHive(f *testing.F) {
	small := (&forge.Key{}).At("a").Set(forge.DWord("n", 1), forge.Binary("long", make([]byte, 20)))
	b := forged(f, &forge.Key{Keys: []*forge.Key{small, {Name: "b"}}}, false)
	log := newLog(b, 2, page{0, b[baseSize:]})
	f.Add(b[offMinor:baseSize+1024], log[:sectorSize+100], uint8(1))
	f.Add(b[offMinor:baseSize+1024], oldLog(b, 2, 0), uint8(0))
	f.Fuzz(func(t *testing.T, in, log []byte, lag uint8) {
		// The header is put right so that the fuzzer gets behind it.
		in = append(bytes.Clone(b[:offMinor]), in...)
		if len(in) >= baseSize {
			binary.LittleEndian.PutUint32(in[offSequence+4:], 2-uint32(lag%3))
			binary.LittleEndian.PutUint32(in[offChecksum:], checksum(in))
		}
		if len(log) >= sectorSize {
			binary.LittleEndian.PutUint32(log[offChecksum:], checksum(log))
			sealEntries(log)
		}
		h, err := open(in, log)
		if err != nil {
			return
		}
		if keys, _, _ := count(h); int64(keys) > h.size/minKeyCell+1 {
			t.Errorf("%d keys in %d bytes", keys, h.size)
		}
		if k, err := h.Open(`a\b`); err == nil && !strings.EqualFold(k.Name(), "b") {
			t.Errorf("found %q", k.Name())
		}
	})
}
