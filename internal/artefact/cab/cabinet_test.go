package cab_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rectify-project/rectify/internal/artefact/cab"
	forge "github.com/rectify-project/rectify/internal/forge/cab"
)

var when = time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)

// text is a log of n bytes.
func text(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "2026-03-04 05:06:%02d, Info                  CBS    Session: 3122%04d_%d initialized by client WindowsUpdateAgent\r\n", i%60, i*7919%10000, i)
	}
	return b.Bytes()[:n]
}

// sample has two folders; in the first are two files.
func sample(t testing.TB, m forge.Method) []byte {
	t.Helper()
	b, err := forge.Cabinet{Folders: []forge.Folder{
		{Method: m, Files: []forge.File{{Name: `CBS\a.log`, Time: when, Data: text(70_000)}, {Name: "b.log", Time: when, Data: text(90_000)}}},
		{Method: m, Files: []forge.File{{Name: "c.log", Time: when, Attributes: 0x01, Data: text(5_000)}}},
	}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// extract gives what could be read of each file, and the errors of both sides.
func extract(b []byte) (whole map[string][]byte, reading, err error) {
	c, err := cab.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, nil, err
	}
	whole = map[string][]byte{}
	err = c.Extract(context.Background(), func(f cab.File, r io.Reader) error {
		got, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			reading = err
			return nil
		}
		whole[f.Name] = got
		return nil
	})
	return whole, reading, err
}

func TestDirectory(t *testing.T) {
	b := sample(t, forge.MSZIP)
	c, err := cab.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range c.Files() {
		got = append(got, fmt.Sprintf("%s %d %s %#x", f.Name, f.Size, f.Time.Format(time.DateTime), f.Attributes))
	}
	want := []string{`CBS\a.log 70000 2026-03-04 05:06:08 0x20`, "b.log 90000 2026-03-04 05:06:08 0x20", "c.log 5000 2026-03-04 05:06:08 0x1"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestSafeName(t *testing.T) {
	for name, c := range map[string]struct {
		stored, want string
		ok           bool
	}{
		"plain":         {"CBS.log", "CBS.log", true},
		"folder":        {`Logs\CBS\CBS.log`, "Logs/CBS/CBS.log", true},
		"slashes":       {"Logs/CBS.log", "Logs/CBS.log", true},
		"two-dots-in":   {"a..b.log", "a..b.log", true},
		"unicode":       {"größe.txt", "größe.txt", true},
		"empty":         {"", "", false},
		"parent":        {`..\evil.dll`, "", false},
		"parent-inside": {`a\..\..\evil.dll`, "", false},
		"parent-mixed":  {`a/..\evil.dll`, "", false},
		"self":          {`.\a`, "", false},
		"absolute":      {`\Windows\evil.dll`, "", false},
		"share":         {`\\host\share\a`, "", false},
		"drive":         {`C:\evil.dll`, "", false},
		"drive-relayed": {`C:evil.dll`, "", false},
		"stream":        {"a.log:hidden", "", false},
		"folder-only":   {`a\`, "", false},
		"control":       {"a\nb", "", false},
		"wildcard":      {"a*", "", false},
		"device":        {`a\nul.txt`, "", false},
		"device-port":   {"COM1", "", false},
		"not-a-device":  {"COMMON.log", "COMMON.log", true},
		"ends-in-dot":   {"a.", "", false},
		"ends-in-blank": {`a \b`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := cab.File{Name: c.stored}.SafeName()
			if got != c.want || ok != c.ok {
				t.Errorf("%q gives %q, %v; want %q, %v", c.stored, got, ok, c.want, c.ok)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	header := sample(t, forge.Stored)
	changed := func(at int, v ...byte) []byte {
		b := bytes.Clone(header)
		copy(b[at:], v)
		return b
	}
	const folders, entries = 36, 36 + 16
	for name, c := range map[string]struct {
		data []byte
		want string
		is   error // nil: a *cab.DamageError
	}{
		"empty":             {nil, "does not begin with a cabinet header", cab.ErrNotCabinet},
		"text":              {text(1000), "does not begin with a cabinet header", cab.ErrNotCabinet},
		"version":           {changed(24, 0, 2), "format version 2.0", cab.ErrUnsupported},
		"set-next":          {changed(30, 2), "part 1 of a set", cab.ErrUnsupported},
		"set-previous":      {changed(30, 1, 0, 9, 9, 4, 0), "part 5 of a set", cab.ErrUnsupported},
		"continued":         {changed(entries+8, 0xfd, 0xff), `file "CBS\\a.log" continues`, cab.ErrUnsupported},
		"quantum":           {changed(folders+6, 2), "folder 0 is compressed with Quantum", cab.ErrUnsupported},
		"method":            {changed(folders+6, 9), "compression method 9", cab.ErrUnsupported},
		"lzx-window":        {changed(folders+6, 3, 30), "LZX window of 2^30", nil},
		"no-such-folder":    {changed(entries+8, 7, 0), "folder 7 of 2", nil},
		"more-folders":      {changed(26, 0xff, 0xff), "of the directory", nil},
		"more-files":        {changed(28, 0xff, 0xff), "", nil},
		"file-too-large":    {changed(entries, 0xff, 0xff, 0xff, 0xff), "a folder that cannot have more", nil},
		"files-overlap":     {changed(entries+26+4, 1, 0, 0, 0), "files overlap", nil},
		"name-does-not-end": {bytes.Replace(header, []byte("b.log\x00"), []byte("b.log."), 1), "", nil},
		"entries-outside":   {changed(16, 0xff, 0xff, 0xff, 0x7f), "0 bytes are left", nil},
		"cut-in-directory":  {header[:60], "of the directory", nil},
		"checksum":          {changed(len(header)-1, 'x'), "expected", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := extract(c.data)
			var damage *cab.DamageError
			if c.is != nil && !errors.Is(err, c.is) || c.is == nil && !errors.As(err, &damage) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// What is whole is delivered, whatever comes after it.
func TestDamage(t *testing.T) {
	for name, method := range map[string]forge.Method{"stored": forge.Stored, "mszip": forge.MSZIP, "lzx": forge.LZX(18)} {
		b := sample(t, method)
		// The third block of the first folder belongs to a.log and b.log.
		third := int(binary.LittleEndian.Uint32(b[36:]))
		for range 2 {
			third += 8 + int(binary.LittleEndian.Uint16(b[third+4:]))
		}
		flipped, cut := bytes.Clone(b), b[:third+100]
		flipped[third+50] ^= 4
		for change, c := range map[string]struct {
			data []byte
			want []string
		}{
			"flipped": {flipped, []string{"c.log"}},
			"cut":     {cut, nil},
		} {
			t.Run(name+"-"+change, func(t *testing.T) {
				whole, reading, err := extract(c.data)
				var damage *cab.DamageError
				if !errors.As(err, &damage) || !errors.As(reading, &damage) || damage.Offset < int64(third) {
					t.Errorf("error %v while reading, %v at the end; the damage is at 0x%x", reading, err, third)
				}
				if len(whole) != len(c.want) {
					t.Errorf("%d whole files, want %q", len(whole), c.want)
				}
				for _, f := range c.want {
					if !bytes.Equal(whole[f], text(5_000)) {
						t.Errorf("%s is not whole", f)
					}
				}
			})
		}
	}
}

func TestNoChecksums(t *testing.T) {
	b, err := forge.Cabinet{NoChecksums: true, Folders: []forge.Folder{{Files: []forge.File{{Name: "a", Data: []byte("content")}}}}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	whole, _, err := extract(b)
	if err != nil || string(whole["a"]) != "content" {
		t.Errorf("content %q, error %v", whole["a"], err)
	}
}

// Signed cabinets reserve room in the header and have a signature behind it.
func TestReserve(t *testing.T) {
	plain, err := forge.Cabinet{Folders: []forge.Folder{{Files: []forge.File{{Name: "a", Data: []byte("content")}}}}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const reserve = 24 // 4 bytes of sizes, 20 of the header's own
	b := bytes.Clone(plain[:36])
	b[30] = 4
	for _, at := range []int{8, 16} {
		binary.LittleEndian.PutUint32(b[at:], binary.LittleEndian.Uint32(b[at:])+reserve)
	}
	b = append(b, 20, 0, 0, 0)
	b = append(b, make([]byte, 20)...)
	b = append(b, plain[36:]...)
	binary.LittleEndian.PutUint32(b[60:], binary.LittleEndian.Uint32(b[60:])+reserve)
	b = append(b, "signature"...)
	whole, _, err := extract(b)
	if err != nil || string(whole["a"]) != "content" {
		t.Errorf("content %q, error %v", whole["a"], err)
	}
}

func TestUnread(t *testing.T) {
	b := sample(t, forge.MSZIP)
	c, err := cab.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	err = c.Extract(context.Background(), func(f cab.File, r io.Reader) error {
		switch f.Name {
		case "b.log":
			got, err = io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 100)))
			return err
		}
		return nil
	})
	if err != nil || !bytes.Equal(got, text(100)) {
		t.Errorf("read %q, error %v", got, err)
	}
	enough := errors.New("enough")
	if err := c.Extract(context.Background(), func(cab.File, io.Reader) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Extract(ctx, func(cab.File, io.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A cabinet of another tool.
func TestGcab(t *testing.T) {
	tool, err := exec.LookPath("gcab")
	if err != nil {
		t.Skip("gcab is not installed: no cabinet of another tool is read")
	}
	for name, flag := range map[string]string{"stored": "-c", "mszip": "-cz"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, n := range map[string]int{"one.log": 100_000, "zwei-größe.log": 40_000, "empty": 0} {
				if err := os.WriteFile(filepath.Join(dir, file), text(n), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			command := exec.Command(tool, flag, "out.cab", "one.log", "zwei-größe.log", "empty")
			command.Dir = dir
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			b, err := os.ReadFile(filepath.Join(dir, "out.cab"))
			if err != nil {
				t.Fatal(err)
			}
			whole, _, err := extract(b)
			if err != nil {
				t.Fatal(err)
			}
			if len(whole) != 3 || !bytes.Equal(whole["one.log"], text(100_000)) || !bytes.Equal(whole["zwei-größe.log"], text(40_000)) {
				t.Errorf("%d files are not what was packed", len(whole))
			}
		})
	}
}

func TestMutations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, method := range []forge.Method{forge.Stored, forge.MSZIP, forge.LZX(15), forge.LZX(21)} {
		original, err := forge.Cabinet{NoChecksums: true, Folders: []forge.Folder{
			{Method: method, Files: []forge.File{{Name: "a", Data: text(60_000)}}}}}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			b := bytes.Clone(original)
			for range 1 + random.IntN(5) {
				b[random.IntN(len(b))] = byte(random.Uint32())
			}
			if random.IntN(4) == 0 {
				b = b[:random.IntN(len(b))]
			}
			checkSound(t, b)
		}
	}
}

// checkSound reads a cabinet that may be anything: what is delivered without an
// error has the size that the directory says.
func checkSound(t *testing.T, b []byte) {
	t.Helper()
	c, err := cab.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return
	}
	left := int64(4 << 20)
	if err := c.Extract(context.Background(), func(f cab.File, r io.Reader) error {
		f.SafeName()
		n, err := io.Copy(io.Discard, io.LimitReader(r, left))
		if err == nil && n != f.Size && n != left {
			t.Fatalf("file %q gives %d bytes, the directory says %d", f.Name, n, f.Size)
		}
		left -= n
		return nil
	}); err != nil && err.Error() == "" {
		t.Fatal("an error without a text")
	}
}

func FuzzExtract(f *testing.F) {
	for _, method := range []forge.Method{forge.Stored, forge.MSZIP, forge.LZX(15)} {
		b, err := forge.Cabinet{NoChecksums: true, Folders: []forge.Folder{
			{Method: method, Files: []forge.File{{Name: "a", Data: text(300)}, {Name: `b\c`, Data: text(200)}}}}}.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkSound(t, b) })
}

func BenchmarkExtract(b *testing.B) {
	for name, method := range map[string]forge.Method{"stored": forge.Stored, "mszip": forge.MSZIP, "lzx": forge.LZX(21)} {
		b.Run(name, func(b *testing.B) {
			const size = 4 << 20
			data, err := forge.Cabinet{Folders: []forge.Folder{{Method: method, Files: []forge.File{{Name: "a", Data: text(size)}}}}}.Bytes()
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				c, err := cab.Open(bytes.NewReader(data), int64(len(data)))
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Extract(context.Background(), func(_ cab.File, r io.Reader) error {
					_, err := io.Copy(io.Discard, r)
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
