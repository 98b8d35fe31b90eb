package hive

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	forge "github.com/rectify-project/rectify/internal/forge/hive"
)

// BenchmarkOpenKey looks a key up among 20 000 in a file.
func BenchmarkOpenKey(b *testing.B) {
	parent := &forge.Key{Name: "Services"}
	for i := range 20000 {
		parent.Keys = append(parent.Keys, &forge.Key{Name: fmt.Sprintf("svc%05d", i), Values: []forge.Value{forge.DWord("Start", 3)}})
	}
	bytes := forged(b, &forge.Key{Keys: []*forge.Key{parent}}, false)
	file := filepath.Join(b.TempDir(), "SYSTEM")
	if err := os.WriteFile(file, bytes, 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for name, path := range map[string]string{"of-20000": `Services\SVC19998`, "missing": `Services\none`} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h, err := Open(Source{f, int64(len(bytes))})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := h.Open(path); (err != nil) != (name == "missing") {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("walk", func(b *testing.B) {
		b.SetBytes(int64(len(bytes)))
		for b.Loop() {
			h, err := Open(Source{f, int64(len(bytes))})
			if err != nil {
				b.Fatal(err)
			}
			if keys, _, err := count(h); keys != 20002 || err != nil {
				b.Fatal(keys, err)
			}
		}
	})
}
