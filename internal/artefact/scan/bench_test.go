package scan

import (
	"bytes"
	"context"
	"fmt"
	"testing"
)

// benchLog is 64 MiB in the shape of a CBS log, with codes in one line of eight.
func benchLog() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 64<<20; i++ {
		fmt.Fprintf(&b, "2023-05-17 08:%02d:%02d, Info                  CBS    Appl: Package: Microsoft-Windows-Client-Features-Package%04d~31bf3856ad364e35~amd64~~10.0.22621.1702, Applicable state: Installed\r\n", i/60%60, i%60, i%9999)
		if i%8 == 0 {
			fmt.Fprintf(&b, "2023-05-17 08:%02d:%02d, Info                  CBS    Failed to get session package state [HRESULT = 0x80070002 - ERROR_FILE_NOT_FOUND]\r\n", i/60%60, i%60)
		}
		if i%100000 == 0 {
			b.WriteString("2023-05-17 08:24:09, Error                 CBS    Failed: 0x800f0821\r\n")
		}
	}
	return b.Bytes()
}

func BenchmarkScan(b *testing.B) {
	log := benchLog()
	for name, patterns := range map[string][]Pattern{
		"servicing":      servicing,
		"one-literal":    {{"p", `0x800f0831`}},
		"common-literal": {{"p", `HRESULT = 0x8(00f|007)[0-9a-f]{4}`}},
		"no-literal":     {{"p", `\d{9}`}},
	} {
		b.Run(name, func(b *testing.B) {
			m := mustCompile(b, patterns...)
			b.SetBytes(int64(len(log)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Scan(context.Background(), bytes.NewReader(log), Options{Stamp: stamp}, func(*Match) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
