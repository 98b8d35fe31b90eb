package protection

import (
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestSuite(t *testing.T) {
	conformtest.Run(t, Suite(), conformtest.Known{
		// Wine makes lists up from the mode of a file: its owner, the system, and the others as everybody.
		"it is told who may change the folder of the system, and nobody may whom the machine does not trust": "differs: kernel32.dll belongs to S-1-5-21-",
		"what is in a folder takes over its list":                                                            "differs: a file in it is for S-1-1-0",
		"the list that a folder is given is read back":                                                       "differs: its list of who may do what does not give it to " + Administrators,
	})
}

// TestDescriptors reads lists that Wine's file system cannot keep.
func TestDescriptors(t *testing.T) {
	for name, x := range map[string]struct {
		sddl string
		want Security
	}{
		"ours": {"O:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)", Security{Owner: Administrators, Protected: true, Entries: []Entry{
			{Allow, Administrators, fullControl, false}, {Allow, System, fullControl, false}}}},
		"denied-and-below": {"O:SYD:(D;;FA;;;WD)(A;OICIIO;GA;;;CO)", Security{Owner: System, Entries: []Entry{
			{Deny, "S-1-1-0", fullControl, false}, {Allow, creatorOwner, 0x10000000, true}}}},
		"object":     {"O:SYD:(OA;;CC;4828cc14-1437-45bc-9b07-ad6f015e5f28;;WD)", Security{Owner: System, Entries: []Entry{{Opaque, "an entry of type 5", 1, false}}}},
		"empty-list": {"O:SYD:P", Security{Owner: System, Protected: true}},
		"no-list":    {"O:SY", Security{Owner: System, Open: true}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := windows.SecurityDescriptorFromString(x.sddl)
			if err != nil {
				t.Skipf("this system does not parse %s: %v", x.sddl, err)
			}
			if got, err := read(d); err != nil || !reflect.DeepEqual(got, x.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, x.want)
			}
		})
	}
}

func TestMakeFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := MakeFolder(path); err != nil {
		t.Fatal(err)
	}
	if err := MakeFolder(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	s, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	circle, err := Circle()
	if err != nil {
		t.Fatal(err)
	}
	if strangers := s.Strangers(circle...); len(strangers) > 0 {
		t.Errorf("%q may change it", strangers)
	}
	if _, err := Read(filepath.Join(path, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := MakeFolder(filepath.Join(path, "a", "b")); err == nil || !strings.Contains(err.Error(), "mkdir") {
		t.Errorf("in a folder that is not there: %v", err)
	}
}
