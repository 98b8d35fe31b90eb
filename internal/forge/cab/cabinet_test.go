package cab_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	reader "github.com/rectify-project/rectify/internal/artefact/cab"
	"github.com/rectify-project/rectify/internal/forge/cab"
)

var when = time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)

// content is text that packs well, numbers that do not, and x86 calls.
func content(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	words := strings.Fields("Info CBS Trusted Installer is shutting down because: SHUTDOWN_REASON_AUTOSTOP 2021-03-04 Error 0x8024001e")
	var b bytes.Buffer
	for b.Len() < n {
		switch random.IntN(40) {
		case 0:
			for range 200 {
				b.WriteByte(byte(random.Uint32()))
			}
		case 1:
			b.Write([]byte{0xe8, byte(random.Uint32()), byte(random.Uint32()), 0, 0})
		case 2:
			b.Write([]byte{0xe8, byte(random.Uint32()), byte(random.Uint32()), 0xff, 0xff})
		case 3:
			b.Write(bytes.Repeat([]byte{' '}, random.IntN(600)))
		default:
			b.WriteString(words[random.IntN(len(words))])
			b.WriteByte(' ')
		}
	}
	return b.Bytes()[:n]
}

// sizes are around those at which frames, blocks and windows end.
var sizes = []int{0, 1, 11, 32767, 32768, 32769, 50_001, 100_003, 65536, 400_000}

func sample(m cab.Method) cab.Cabinet {
	var folder cab.Folder
	folder.Method = m
	for i, n := range sizes {
		folder.Files = append(folder.Files, cab.File{Name: `logs\file` + string(rune('a'+i)) + ".log", Time: when, Data: content(n)})
	}
	second := cab.Folder{Method: m, Files: []cab.File{{Name: "größe.txt", Time: when, Attributes: 0x21, Data: []byte("größe")}}}
	return cab.Cabinet{Folders: []cab.Folder{folder, second}}
}

func methods() map[string]cab.Method {
	return map[string]cab.Method{"stored": cab.Stored, "mszip": cab.MSZIP, "lzx-15": cab.LZX(15), "lzx-16": cab.LZX(16),
		"lzx-17": cab.LZX(17), "lzx-18": cab.LZX(18), "lzx-19": cab.LZX(19), "lzx-20": cab.LZX(20), "lzx-21": cab.LZX(21)}
}

func TestRoundTrip(t *testing.T) {
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) {
			want := sample(method)
			b, err := want.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			again, err := want.Bytes()
			if err != nil || !bytes.Equal(b, again) {
				t.Errorf("the same cabinet gave other bytes: %v", err)
			}
			c, err := reader.Open(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			files := append(append([]cab.File(nil), want.Folders[0].Files...), want.Folders[1].Files...)
			i := 0
			if err := c.Extract(context.Background(), func(f reader.File, r io.Reader) error {
				got, err := io.ReadAll(r)
				if err != nil {
					return err
				}
				if f.Name != files[i].Name || f.Size != int64(len(got)) || !f.Time.Equal(when) || !bytes.Equal(got, files[i].Data) {
					t.Errorf("file %+v is not what was written: %d bytes, want %d", f, len(got), len(files[i].Data))
				}
				i++
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if i != len(files) || len(c.Files()) != i {
				t.Errorf("%d files, want %d", i, len(files))
			}
		})
	}
}

// An independent reader must agree.
func TestCabextract(t *testing.T) {
	tool, err := exec.LookPath("cabextract")
	if err != nil {
		t.Skip("cabextract is not installed: what was written is not checked by an independent reader")
	}
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) {
			want := sample(method)
			b, err := want.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "sample.cab")
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(tool, "-q", "-d", dir, path).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, folder := range want.Folders {
				for _, f := range folder.Files {
					got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(strings.ReplaceAll(f.Name, `\`, "/"))))
					if err != nil || !bytes.Equal(got, f.Data) {
						t.Errorf("%s: %d bytes, want %d, error %v", f.Name, len(got), len(f.Data), err)
					}
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		cabinet cab.Cabinet
		want    string
	}{
		"method":     {cab.Cabinet{Folders: []cab.Folder{{Method: 2}}}, "compression method 2"},
		"lzx-window": {cab.Cabinet{Folders: []cab.Folder{{Method: cab.LZX(14)}}}, "2^14"},
		"no-name":    {cab.Cabinet{Folders: []cab.Folder{{Files: []cab.File{{}}}}}, "file name"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.cabinet.Bytes(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
