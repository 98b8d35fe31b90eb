package servicing

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite is what is taken for granted of the component store.
func Suite(s Store) conformance.Suite {
	return conformance.Suite{Name: "servicing", Checks: []conformance.Check{
		{
			Name:   "packages are listed, and each says the same of itself",
			API:    []string{"dism.exe /Get-Packages", "dism.exe /Get-PackageInfo"},
			Serves: []string{"dism.packages", "dism.add_package", "dism.remove_package"},
			Run: func(ctx context.Context) error {
				all, err := s.Packages(ctx)
				if err != nil {
					return verdict(err)
				}
				if len(all) == 0 {
					return conformance.Differs("the component store has no package: a Windows has hundreds")
				}
				one, err := s.Package(ctx, all[0].Identity)
				if err != nil {
					return verdict(err)
				}
				if one.State != all[0].State {
					return conformance.Differs("%s is %s in the list, and %s by itself", one.Identity, all[0].State, one.State)
				}
				return nil
			},
		},
		{
			Name:   "a package that is not there is said not to be",
			API:    []string{"dism.exe /Get-PackageInfo", "dism.exe /Get-Packages"},
			Serves: []string{"dism.add_package", "dism.remove_package"},
			Run: func(ctx context.Context) error {
				const none = "Package_for_KB0000001~31bf3856ad364e35~amd64~~10.0.0.1"
				p, err := s.Package(ctx, none)
				if err != nil {
					return verdict(err)
				}
				if p.State != NotPresent {
					return conformance.Differs("%s is %s", none, p.State)
				}
				return nil
			},
		},
		{
			Name:   "the component store says whether damage was noted",
			API:    []string{"dism.exe /Cleanup-Image /CheckHealth"},
			Serves: []string{"dism.health", "dism.restore_health"},
			Run: func(ctx context.Context) error {
				_, err := s.Health(ctx, false)
				return verdict(err)
			},
		},
	}}
}

// verdict says what an error means for a check.
func verdict(err error) error {
	var silent *SilentError
	var failed *Failure
	switch {
	case errors.As(err, &silent):
		return conformance.Missing("%v", err)
	case errors.As(err, &failed) && failed.Denied():
		return conformance.Inapplicable("%v", err)
	}
	return err
}
