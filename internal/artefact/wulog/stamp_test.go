package wulog

import (
	"bufio"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	const layout = "2006-01-02 15:04:05.9999999"
	for name, c := range map[string]struct{ line, want string }{
		"slashes":    {"2023/05/22 08:08:32.6295131 8096  8116  Shared          InitializeSus", "2023-05-22 08:08:32.6295131"},
		"dashes":     {"2024-04-11 12:48:04.6269606 1980  8444  Misc            x", "2024-04-11 12:48:04.6269606"},
		"windows-7":  {"2021-08-28\t03:07:48:216\t 648\t13bc\tReport\tx", "2021-08-28 03:07:48.216"},
		"leap-day":   {"2024/02/29 08:08:32.1 1 2", "2024-02-29 08:08:32.1"},
		"no-leap":    {"2023/02/29 08:08:32.1 1 2", ""},
		"month-13":   {"2023/13/01 08:08:32.1 1 2", ""},
		"mixed":      {"2023/05-01 08:08:32.1 1 2", ""},
		"no-digits":  {"20x3/05/01 08:08:32.1 1 2", ""},
		"cbs":        {"2023-05-17 08:24:08, Info                  CBS    x", ""},
		"short":      {"2023/05/22 08:08:32.", ""},
		"continued":  {"    at something that goes on and on", ""},
		"empty":      {"", ""},
		"no-decimal": {"2023/05/22 08:08:32. 8096  8116", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if at, ok := Stamp([]byte(c.line)); ok {
				got = at.Format(layout)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestStampOnRealLogs(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "corpus", "wulog", "*.log"))
	if len(files) == 0 {
		t.Skip("the corpus of real Windows logs is not beside this checkout")
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines, stamped := 0, 0
		var first, last time.Time
		for s := bufio.NewScanner(f); s.Scan(); lines++ {
			if at, ok := Stamp(s.Bytes()); ok {
				if stamped == 0 {
					first = at
				}
				last = at
				stamped++
			}
		}
		t.Logf("%s: %d of %d lines stamped, %v to %v", filepath.Base(file), stamped, lines, first, last)
		if stamped*10 < lines*9 || !first.Before(last) {
			t.Errorf("%s: only %d of %d lines have a time stamp", file, stamped, lines)
		}
	}
}

func FuzzStamp(f *testing.F) {
	f.Add([]byte("2023/05/22 08:08:32.6295131 8096"))
	f.Add([]byte("2021-08-28\t03:07:48:216\t 648"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if at, ok := Stamp(line); ok && at.Format("15:04:05") != string(line[11:19]) {
			t.Errorf("%q read as %v", line, at)
		}
	})
}
