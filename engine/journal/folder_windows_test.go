package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/protection"
	"github.com/rectify-project/rectify/internal/verification"
)

// TestFolderIsReadBack makes sure that a folder which the system did not make as it was asked to is not taken for protected.
func TestFolderIsReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, err := open(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lost := protection.Exclusive(dir)
	if wine := strings.HasPrefix(verification.System(), "Wine"); wine != (lost != nil) {
		t.Fatalf("on %s the folder reads back as: %v", verification.System(), lost)
	}
	_, err = s.Begin(startOn("m1"))
	if lost == nil {
		if err != nil || s.Unprotected() != nil {
			t.Errorf("a protected folder: %v", err)
		}
		return
	}
	var unprotected *UnprotectedError
	if !errors.As(err, &unprotected) || unprotected.Reason != lost.Error() || !strings.Contains(err.Error(), "icacls") {
		t.Errorf("got %v, want it to tell %q", err, lost)
	}
	if reader, err := OpenToRead(dir); err != nil || reader.Unprotected() != nil {
		t.Errorf("to read: %v", err)
	}
	accepted, err := open(dir, small, AcceptUnprotected())
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	closeAll(t, beginTest(t, accepted, "m1"))
}

// TestFolderOfOthers makes sure that a folder which everybody may write is refused, whatever was accepted.
func TestFolderOfOthers(t *testing.T) {
	for name, x := range map[string]struct{ below string }{"the-folder": {"."}, "locks": {locksFolder}, "runs": {runsFolder}, "the-file": {fileName}} {
		t.Run(name, func(t *testing.T) {
			dir := privateTest(t)
			closeAll(t, openTest(t, dir))
			path := filepath.Join(dir, x.below)
			everybody, err := windows.SecurityDescriptorFromString("D:(A;OICI;FA;;;WD)")
			if err != nil {
				t.Fatal(err)
			}
			list, _, err := everybody.DACL()
			if err != nil {
				t.Fatal(err)
			}
			if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := open(dir, small, AcceptUnprotected()); err == nil || !strings.Contains(err.Error(), "may be written by S-1-1-0") || !strings.Contains(err.Error(), "icacls") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCommonPlace makes sure that a variable, which each user sets, does not move the journal.
func TestCommonPlace(t *testing.T) {
	t.Setenv("ProgramData", `C:\planted`)
	got, err := Place("")
	if err != nil || filepath.Base(got) != "Rectify" || !filepath.IsAbs(got) || strings.Contains(got, "planted") {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Dir(got)); err != nil {
		t.Error(err)
	}
}
