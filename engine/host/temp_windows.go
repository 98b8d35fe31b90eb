package host

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/elevation"
	"github.com/rectify-project/rectify/internal/machine/protection"
)

// privateTemp makes a folder for the temporary files of one plugin, which nobody writes who has not its rights. The folders of
// the system are not such: in that of a service everybody may add files to what is made there, and in that of an administrator
// everything which that person runs without the rights of one.
func privateTemp() (string, error) {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	dir := filepath.Join(os.TempDir(), "rectify-"+hex.EncodeToString(random))
	if err := protection.MakeFolder(dir); err != nil {
		return "", err
	}
	standing, err := elevation.Read()
	if err != nil {
		return "", err
	}
	s, err := protection.Read(dir)
	if err != nil {
		return "", err
	}
	// It was just made under a name that was new: its owner is whoever the system makes of this account.
	if strangers := s.Strangers(protection.Administrators, protection.System, standing.Account); len(strangers) > 0 {
		_ = windows.RemoveDirectory(windows.StringToUTF16Ptr(dir)) // it is of no use
		return "", fmt.Errorf("the temporary folder %s was made for nobody else, and may be written by %s: keep temporary files on a local disk (NTFS)", dir, strings.Join(strangers, ", "))
	}
	return dir, nil
}

// tempVariables point a plugin to its folder.
func tempVariables(dir string) []string { return []string{"TEMP=" + dir, "TMP=" + dir} }
