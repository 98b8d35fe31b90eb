package command

import (
	"testing"
)

func TestDecode(t *testing.T) {
	cases := map[string]struct{ bytes, want string }{
		"plain":                   {"Version: 10.0\r\nDone.\r\n", "Version: 10.0\nDone.\n"},
		"progress":                {"[= 5.0% ]\r[== 9.0% ]\r\n", "[= 5.0% ]\n[== 9.0% ]\n"},
		"UTF-8":                   {"\xef\xbb\xbfGröße", "Größe"},
		"UTF-8 without its mark":  {"Größe", "Größe"},
		"UTF-16":                  {"\xff\xfeO\x00K\x00", "OK"},
		"UTF-16, big end first":   {"\xfe\xff\x00O\x00K", "OK"},
		"UTF-16 without its mark": {"D\x00e\x00p\x00l\x00o\x00y\x00\r\x00\n\x00", "Deploy\n"},
		"half a unit":             {"\xff\xfeO\x00K", "O"},
		"nothing":                 {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Decode([]byte(c.bytes)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\xff\xfe\x00\xd8"))
	f.Add([]byte("\x81\x00\r"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range Decode(b) {
			if c == '\r' {
				t.Errorf("a carriage return is left of %q", b)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "dism.exe", `..\dism`, "C:dism", "a/b", "dism "} {
		if (Program{Name: name}).check() == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if err := (Program{Name: "dism"}).check(); err != nil {
		t.Error(err)
	}
}

func TestBounded(t *testing.T) {
	b := bounded{}
	block := make([]byte, MaxOutput-1)
	for i, over := range []bool{false, true, true} {
		if n, err := b.Write(block); n != len(block) || err != nil || b.over != over {
			t.Errorf("write %d: %d, %v, over %v", i, n, err, b.over)
		}
	}
	if len(b.kept) != MaxOutput {
		t.Errorf("%d bytes are kept, want %d", len(b.kept), MaxOutput)
	}
}
