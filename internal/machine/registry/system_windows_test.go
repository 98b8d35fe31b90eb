package registry

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/artefact/hive"
)

// scratch is a key of this Windows until the test ends.
func scratch(t *testing.T) (*Store, string) {
	t.Helper()
	s := StoreOf(running{})
	const key = `HKLM\SOFTWARE\Rectify store test`
	if _, err := s.Create(key); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tree, err := s.Export(context.WithoutCancel(t.Context()), key) // which has ended by now
		if err == nil {
			err = s.DeleteTree(tree, func(string) {})
		}
		if err != nil {
			t.Error(err)
		}
	})
	return s, key
}

// TestValueThatGrows reads a value while it is set to ever more data: what is read was once there as a whole.
func TestValueThatGrows(t *testing.T) {
	s, key := scratch(t)
	set := func(n int) error {
		return s.system.Set(key, Value{Name: "v", Type: hive.Binary, Data: bytes.Repeat([]byte{byte(n)}, 1+n*997)})
	}
	if err := set(1); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for n := 2; n < 150; n++ {
			if err := set(n); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for reading := true; reading; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			reading = false
		default:
		}
		v, err := s.system.Value(key, "v")
		if err != nil && !strings.Contains(err.Error(), "keeps growing") {
			t.Fatal(err)
		}
		if err == nil && len(v.Data) != 1+int(v.Data[0])*997 {
			t.Fatalf("%d bytes of the value that was set to %d", len(v.Data), 1+int(v.Data[0])*997)
		}
	}
}

// TestNamesOfHiddenKeys has a name that is no text: it leads to the same key again, and is not exported as another.
func TestNamesOfHiddenKeys(t *testing.T) {
	s, key := scratch(t)
	const odd = "a\xed\xa0\x80" // an unpaired surrogate
	if made, err := s.system.Create(key+`\`+odd, Form{}); err != nil || !made {
		t.Fatal(err)
	}
	names, err := s.system.Subkeys(key)
	if err != nil || len(names) != 1 || names[0] != odd {
		t.Errorf("%q, %v", names, err)
	}
	if _, err := s.Export(t.Context(), key); !errors.Is(err, ErrNotExportable) {
		t.Errorf("got %v", err)
	}
	if err := s.system.DeleteKey(key + `\` + odd); err != nil {
		t.Error(err)
	}
}

// TestLinksAreNotFollowed has a link below a key: neither it nor what it stands for is exported or deleted.
func TestLinksAreNotFollowed(t *testing.T) {
	s, key := scratch(t)
	for _, sub := range []string{`\Kept`, `\Outer`} {
		if _, err := s.Create(key + sub); err != nil {
			t.Fatal(err)
		}
	}
	const createLink, optionCreateLink = 0x20, 2
	err := with(key+`\Outer`, windows.KEY_CREATE_SUB_KEY, func(above windows.Handle) error {
		name, err := windows.UTF16PtrFromString("Link")
		if err != nil {
			return err
		}
		var link windows.Handle
		if err := call(procCreateKeyEx, uintptr(above), uintptr(unsafe.Pointer(name)), 0, 0, optionCreateLink,
			windows.KEY_SET_VALUE|createLink|view, 0, uintptr(unsafe.Pointer(&link)), 0); err != nil {
			return err
		}
		defer windows.RegCloseKey(link)
		value, err := windows.UTF16PtrFromString("SymbolicLinkValue")
		if err != nil {
			return err
		}
		to := encode(`\Registry\Machine\Software\Rectify store test\Kept`)
		return call(procSetValueEx, uintptr(link), uintptr(unsafe.Pointer(value)), 0, windows.REG_LINK, uintptr(unsafe.Pointer(&to[0])), uintptr(len(to)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Export(t.Context(), key+`\Outer`); !errors.Is(err, ErrNotExportable) || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("got %v", err)
	}
	handle, err := open(key+`\Outer\Link`, openLink, windows.DELETE)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.RegCloseKey(handle)
	if status, _, _ := windows.NewLazySystemDLL("ntdll.dll").NewProc("NtDeleteKey").Call(uintptr(handle)); status != 0 {
		t.Error(windows.NTStatus(status))
	}
}
