package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite is what is taken for granted of running programs.
func Suite(r Runner) conformance.Suite {
	api := []string{"kernel32!CreateProcessW", "kernel32!GetExitCodeProcess", "kernel32!GetSystemDirectoryW"}
	serves := []string{"dism.packages", "dism.health", "dism.add_package", "dism.remove_package", "dism.restore_health"}
	return conformance.Suite{Name: "programs", Checks: []conformance.Check{
		{
			Name: "an exit code comes back with all its 32 bits", API: api, Serves: serves,
			Run: func(ctx context.Context) error {
				for _, code := range []uint32{0, 3010, 0x800f081e} {
					got, err := r.Run(ctx, Program{Name: "cmd", Args: []string{"/d", "/c", "exit", fmt.Sprint(int32(code))}})
					if err != nil {
						return err
					}
					if got.Code != code {
						return conformance.Differs("a program that ends with 0x%08X ends with 0x%08X", code, got.Code)
					}
				}
				return nil
			},
		},
		{
			Name: "what a program writes comes back whole", API: api, Serves: serves,
			Run: func(ctx context.Context) error {
				got, err := r.Run(ctx, Program{Name: "cmd", Args: []string{"/d", "/c", "echo", "said&&echo", "more"}})
				if err != nil {
					return err
				}
				if want := []string{"said", "more"}; strings.Join(strings.Fields(got.Output), " ") != strings.Join(want, " ") {
					return conformance.Differs("a program that writes %q has written %q", want, got.Output)
				}
				return nil
			},
		},
	}}
}
