package hive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	reader "github.com/rectify-project/rectify/internal/artefact/hive"
)

// sample has everything that the format knows.
func sample() *Key {
	root := &Key{Name: "ROOT", Written: time.Date(2023, 5, 17, 8, 24, 8, 0, time.UTC)}
	root.At("Select").Set(DWord("Current", 1))
	root.At(`ControlSet001\Services\wuauserv`).Set(DWord("Start", 3), ExpandString("ImagePath", `%systemroot%\system32\svchost.exe`), String("", "default"))
	root.At(`ControlSet001\Services\Überwachung`).Set(DWord("Start", 2))
	root.At(`ControlSet001\Services\サービス`).Set(DWord("Größe", 4), DWord("名", 5))
	root.At(`controlset001\Control\Session Manager`).Set(Strings("PendingFileRenameOperations", `\??\C:\a`, "", `\??\C:\b`, `\??\C:\c`),
		Strings("None"), QWord("Q", 1<<40), Binary("Empty", nil), Binary("Three", []byte{1, 2, 3}), Binary("Five", []byte{1, 2, 3, 4, 5}))
	root.At("Big").Set(Binary("Segment", fill(16344)), Binary("Segments", fill(50000)), Binary("Two", fill(16345)))
	for i := range 1203 {
		root.At(fmt.Sprintf(`Many\Key%d`, i)).Set(DWord("n", uint32(i)))
	}
	return root
}

func fill(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

func TestReadBack(t *testing.T) {
	b, err := Bytes(sample(), Options{Name: "SYSTEM"})
	if err != nil {
		t.Fatal(err)
	}
	h, err := reader.Open(reader.Source{Reader: bytes.NewReader(b), Size: int64(len(b))})
	if err != nil {
		t.Fatal(err)
	}
	if info := h.Info(); info.Dirty || info.Name != "SYSTEM" || info.Minor != 5 || info.Written.Year() != 2023 {
		t.Errorf("info %+v", info)
	}
	root, err := h.Root()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, sample(), root, "")
	if _, err := h.Open(`Many\Key1203`); !errors.Is(err, reader.ErrNotExist) {
		t.Errorf("key that is not there: %v", err)
	}
}

// compare checks that the key read is the key written.
func compare(t *testing.T, want *Key, got *reader.Key, path string) {
	t.Helper()
	values, err := got.Values()
	if err != nil || len(values) != len(want.Values) {
		t.Fatalf("%s: %d values, want %d, %v", path, len(values), len(want.Values), err)
	}
	for i, v := range want.Values {
		b, err := values[i].Bytes()
		if err != nil || values[i].Name != v.Name || uint32(values[i].Type) != v.Type || !bytes.Equal(b, v.Data) {
			t.Errorf("%s: value %q: got %q, %v, %d bytes, %v", path, v.Name, values[i].Name, values[i].Type, len(b), err)
		}
	}
	names, err := got.Subkeys()
	if err != nil || len(names) != len(want.Keys) {
		t.Fatalf("%s: %d subkeys, want %d, %v", path, len(names), len(want.Keys), err)
	}
	for _, sub := range want.Keys {
		for _, spelling := range []string{sub.Name, strings.ToUpper(sub.Name), strings.ToLower(sub.Name)} {
			k, err := got.Open(spelling)
			if err != nil || k.Name() != sub.Name || !k.Written().Equal(sub.Written) {
				t.Fatalf("%s\\%s: %v", path, spelling, err)
			}
			if spelling == sub.Name {
				compare(t, sub, k, path+`\`+sub.Name)
			}
		}
	}
}

func TestSameTreeSameBytes(t *testing.T) {
	a, errA := Bytes(sample(), Options{})
	b, errB := Bytes(sample(), Options{})
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("two hives of one tree differ (%v, %v)", errA, errB)
	}
}

func TestBytesRefuses(t *testing.T) {
	deep := &Key{Name: "a"}
	for range maxDepth + 1 {
		deep = &Key{Name: "a", Keys: []*Key{deep}}
	}
	for name, c := range map[string]struct {
		root *Key
		want string
	}{
		"no-name":      {&Key{Keys: []*Key{{}}}, "1 to 255 characters"},
		"backslash":    {&Key{Keys: []*Key{{Name: `a\b`}}}, "without a backslash"},
		"long-name":    {&Key{Keys: []*Key{{Name: strings.Repeat("a", 256)}}}, "1 to 255 characters"},
		"twice":        {&Key{Keys: []*Key{{Name: "a"}, {Name: "A"}}}, "two keys"},
		"value-nul":    {&Key{Values: []Value{DWord("a\x00b", 1)}}, "without NUL"},
		"nested-deep":  {deep, "nest deeper"},
		"data-too-big": {&Key{Values: []Value{Binary("b", make([]byte, maxData+1))}}, "bytes of data"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Bytes(c.root, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// The programs of others read the hive too.
func TestOtherReaders(t *testing.T) {
	b, err := Bytes(sample(), Options{Name: "SYSTEM"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "SYSTEM")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("hivexsh", func(t *testing.T) {
		cmd := command(t, "hivexsh", file)
		cmd.Stdin = strings.NewReader("cd \\ControlSet001\\Services\\wuauserv\nlsval\ncd \\Many\nls\nquit\n")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		lines := strings.Split(string(out), "\n")
		if !slices.Contains(lines, `"Start"=dword:00000003`) || !slices.Contains(lines, "Key1202") {
			t.Errorf("got %.300s", out)
		}
	})
	t.Run("reglookup", func(t *testing.T) {
		var warnings strings.Builder
		cmd := command(t, "reglookup", file)
		cmd.Stderr = &warnings
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %s", err, warnings.String())
		}
		for line := range strings.Lines(warnings.String()) {
			if !strings.Contains(line, "while converting") { // to the encoding of the locale
				t.Error(line)
			}
		}
		text := string(out)
		if n := strings.Count(text, ",KEY,"); n != 11+1203 {
			t.Errorf("%d keys: %.600s", n, out)
		}
		if !strings.Contains(text, "/ControlSet001/Services/wuauserv/Start,DWORD,0x00000003,") {
			t.Errorf("no start type: %.300s", out)
		}
	})
}

func command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	return exec.Command(name, args...)
}
