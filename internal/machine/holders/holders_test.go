package holders_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/holders"
	"github.com/rectify-project/rectify/internal/machine/holders/fakeholders"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk/target"
)

const log = `C:\Windows\WindowsUpdate.log`

var update = holders.Holder{Process: 1234, Name: "Windows Update", Service: "wuauserv", Kind: holders.Service}

func TestFakeConforms(t *testing.T) {
	conformtest.RunFake(t, holders.Suite(fakeholders.Asker{Of: map[string][]holders.Holder{strings.ToLower(log): {update}}}, log), nil)
}

func TestSentence(t *testing.T) {
	many := make([]holders.Holder, 7)
	for i := range many {
		many[i] = holders.Holder{Process: uint32(i + 1), Name: "x"}
	}
	for name, c := range map[string]struct {
		all  []holders.Holder
		want string
	}{
		"none":     {nil, ""},
		"service":  {[]holders.Holder{update}, "Windows Update (service wuauserv, process 1234)"},
		"two":      {[]holders.Holder{update, {Process: 7, Name: "Notepad", Kind: holders.Window}}, "Windows Update (service wuauserv, process 1234), Notepad (process 7)"},
		"nameless": {[]holders.Holder{{Process: 4}}, "a process without a name (process 4)"},
		"critical": {[]holders.Holder{{Process: 5, Name: "lsass", Kind: holders.Critical}}, "lsass (process 5, which Windows does not run without)"},
		"many":     {many, "x (process 1), x (process 2), x (process 3), x (process 4), x (process 5), 2 more"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := holders.Sentence(c.all); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOfADiskNobodyIsAsked(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	disk, err := target.Open(target.Spec{Kind: target.Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	asker := fakeholders.Asker{Err: errors.New("was asked")}
	if all, err := holders.Find(t.Context(), asker, disk, `C:\x`); err == nil || strings.Contains(err.Error(), "asked") || all != nil {
		t.Errorf("got %v, %v", all, err)
	}
}
