package holders

import (
	"context"
	"slices"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite tries what is relied upon: file is one that a process has open at the time, of which more is told where it is known.
func Suite(a Asker, file string) conformance.Suite {
	api := []string{"rstrtmgr!RmStartSession", "rstrtmgr!RmRegisterResources", "rstrtmgr!RmGetList", "rstrtmgr!RmEndSession"}
	serves := []string{"file.rename", "file.copy", "file.expand"}
	return conformance.Suite{Name: "holders", Checks: []conformance.Check{
		{
			Name: "an open file is held by a process that has a number and a name", API: api, Serves: serves,
			Run: func(ctx context.Context) error {
				all, err := a.Holding(ctx, []string{file})
				switch {
				case err != nil:
					return conformance.Missing("%v", err)
				case len(all) == 0:
					return conformance.Missing("nobody is named who has %s open", file)
				case slices.ContainsFunc(all, func(h Holder) bool { return h.Process == 0 || h.Name == "" }):
					return conformance.Differs("%s is held by %v", file, all)
				}
				return nil
			},
		},
		{
			Name: "a file that is not there is held by nobody", API: api, Serves: serves,
			Run: func(ctx context.Context) error {
				all, err := a.Holding(ctx, []string{file + ".rectify-is-not-there"})
				switch {
				case err != nil:
					return conformance.Differs("%v", err)
				case len(all) > 0:
					return conformance.Differs("it is held by %v", all)
				}
				return nil
			},
		},
	}}
}
