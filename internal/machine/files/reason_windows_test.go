package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"
)

func TestReasonOfALockedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	_, err = os.Open(path)
	if err == nil {
		t.Fatal("a file that is open for one program alone was opened")
	}
	if got := Reason(err); got != path+": another program has it open and lets nobody else read it" {
		t.Errorf("got %q", got)
	}
	if _, err = os.Open(path + "x"); strings.Contains(Reason(err), "another program") {
		t.Errorf("of a file that does not exist: %q", Reason(err))
	}
}
