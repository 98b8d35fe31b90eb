package pseudonym_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rectify-project/rectify/engine/escalate/pseudonym"
)

// corpus is the folder of real Windows data beside the checkout, which is no part of the project.
func corpus(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../../shared/corpus")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the corpus of real Windows data is not beside this checkout: %v", err)
	}
	return dir
}

// TestRealLogs redacts real logs and the texts in real event logs and registries. Names that are known to be in some of
// them must be gone, and the versions of which servicing logs are full must not be taken for addresses.
func TestRealLogs(t *testing.T) {
	dir := corpus(t)
	gone := map[string][]string{
		"dism/Appostarsi__dism_5_23.log":          {"james"},
		"wulog/Appostarsi__WindowsUpdate.log":     {"2506703334-2269865251-3678781112"},
		"wulog/Debajyati__WindowsUpdate.log":      {"1093508746-1720434376-627603851"},
		"wulog/raja-fahad__WindowsUpdate.log":     {"97727556-3113349221-1942375865"},
		"evtx/fukusuket__System.evtx":             {"fukusuke", "2607610509-2053195791-2170555934"},
		"evtx/omerbenamram__system.evtx":          {"tony", "desktop-2kgm189", "win-p4siaa0sqco"},
		"evtx/Menna-Islam__System.evtx":           {"win-cmul35d0hfb"},
		"evtx/4renwald__System.evtx":              {"icslab", "desktop-sfbtefs"},
		"evtx/log2timeline__System.evtx":          {"win-nbrjp24vchb"},
		"hive/mkorman90__SYSTEM_WIN_10_1709":      {"tony", "desktop-2kgm189", "2595688666-2948619230-3055395256"},
		"tasks/puffyCid__win10__VSIX_Auto_Update": nil,
	}
	for file := range gone {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("the corpus has changed: %v", err)
		}
	}
	for _, folder := range []string{"cbs", "dism", "wulog", "tasks", "evtx", "hive"} {
		files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(files), err)
		}
		for _, file := range files {
			name := folder + "/" + filepath.Base(file)
			if _, tried := gone[name]; !tried && (folder == "evtx" || folder == "hive") {
				continue // of these there are many, with the same in them
			}
			t.Run(name, func(t *testing.T) {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				text := string(data)
				if folder != "cbs" && folder != "dism" && folder != "wulog" {
					text = texts(data)
				}
				text = text[:min(len(text), 1<<20)] // the rest has more of the same
				l := pseudonym.NewLearner(nil, nil, nil)
				l.Text(text)
				b := l.Book()
				got := b.Text(text)
				var counts []string
				for _, c := range b.Counts() {
					counts = append(counts, fmt.Sprintf("%s %d/%d", c.Kind, c.Names, c.Places))
					if c.Kind == pseudonym.IPv4 && (folder == "cbs" || folder == "dism" || folder == "wulog") {
						t.Errorf("%d versions were taken for addresses", c.Places)
					}
				}
				t.Logf("%d bytes: %s", len(text), strings.Join(counts, ", "))
				for _, n := range gone[name] {
					if !word(text, n) {
						t.Errorf("%s is not there to begin with", n)
					}
					if word(got, n) {
						t.Errorf("%s is left", n)
					}
				}
			})
		}
	}
}

// word says whether a name stands in a text as a whole word.
func word(s, name string) bool {
	s = strings.ToLower(s)
	for at := 0; ; at++ {
		i := strings.Index(s[at:], name)
		if i < 0 {
			return false
		}
		at += i
		end := at + len(name)
		if (at == 0 || !inWord(rune(s[at-1]))) && (end == len(s) || !inWord(rune(s[end]))) {
			return true
		}
	}
}

// texts gives the texts in a binary file, in UTF-16 at even and odd places, one a line.
func texts(data []byte) string {
	var out strings.Builder
	for shift := range 2 {
		var run []uint16
		for i := shift; i+1 < len(data); i += 2 {
			c := uint16(data[i]) | uint16(data[i+1])<<8
			if c >= ' ' && c < 0x100 && c != 0x7F {
				run = append(run, c)
				continue
			}
			if len(run) > 3 {
				out.WriteString(string(utf16.Decode(run)) + "\n")
			}
			run = run[:0]
		}
	}
	return out.String()
}
