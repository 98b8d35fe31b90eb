package protection

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite tries what the state folder and the plugins rest on. Those checks that make a folder make it among the temporary ones.
func Suite() conformance.Suite {
	return conformance.Suite{Name: "protection", Checks: []conformance.Check{
		{
			Name: "it is told who may change the folder of the system, and nobody may whom the machine does not trust",
			API:  []string{"advapi32!GetNamedSecurityInfoW", "advapi32!GetSecurityDescriptorControl", "advapi32!GetSecurityDescriptorOwner", "advapi32!GetSecurityDescriptorDacl", "advapi32!GetAce"},
			Run: func(context.Context) error {
				system, err := windows.GetSystemDirectory()
				if err != nil {
					return conformance.Missing("GetSystemDirectory: %v", err)
				}
				s, err := Read(filepath.Join(system, "kernel32.dll"))
				if err != nil {
					return conformance.Missing("%v", err)
				}
				if strangers := s.Strangers(Administrators, System, TrustedInstaller); len(strangers) > 0 || s.Owner != TrustedInstaller {
					return conformance.Differs("kernel32.dll belongs to %s, and may be changed by %q", s.Owner, strangers)
				}
				return nil
			},
		},
		{
			Name: "the list that a folder is given is read back",
			API:  []string{"kernel32!CreateDirectoryW", "advapi32!ConvertStringSecurityDescriptorToSecurityDescriptorW", "advapi32!GetNamedSecurityInfoW"},
			Run: func(context.Context) error {
				return made(func(path string) error {
					if err := Exclusive(path); err != nil {
						return conformance.Differs("%v", err)
					}
					return nil
				})
			},
			Changes: true,
		},
		{
			Name: "what is in a folder takes over its list",
			API:  []string{"kernel32!CreateDirectoryW", "kernel32!CreateFileW"},
			Run: func(context.Context) error {
				return made(func(path string) error {
					file := filepath.Join(path, "file")
					if err := os.WriteFile(file, nil, 0o600); err != nil {
						return err
					}
					s, err := Read(file)
					if err != nil {
						return conformance.Missing("%v", err)
					}
					circle, err := Circle()
					if err != nil {
						return err
					}
					for _, e := range s.Entries {
						if e.Effect != Allow || !slices.Contains(circle, e.Who) {
							return conformance.Differs("a file in it is for %s", e.Who)
						}
					}
					return nil
				})
			},
			Changes: true,
		},
	}}
}

// made makes a folder, and removes it when it has been looked at.
func made(look func(path string) error) error {
	above, err := os.MkdirTemp("", "rectify-protection-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(above)
	path := filepath.Join(above, "protected")
	if err := MakeFolder(path); err != nil {
		return conformance.Missing("%v", err)
	}
	return look(path)
}
