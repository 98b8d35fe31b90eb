package power

import (
	"context"
	"errors"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite is what is taken for granted of starting and stopping.
func Suite(m Machine) conformance.Suite {
	return conformance.Suite{Name: "power", Checks: []conformance.Check{
		{
			Name: "the machine knows when it was started", API: []string{"ntdll!NtQuerySystemInformation"}, Serves: []string{"system.restart"},
			Run: func(context.Context) error {
				b, err := m.Boot()
				if err != nil {
					return err
				}
				if age := time.Since(b.Time); age < 0 || age > 10*365*24*time.Hour {
					return conformance.Differs("it was started at %s", b.Time)
				}
				again, err := m.Boot()
				if err != nil {
					return err
				}
				if b.Precedes(again) || again.Precedes(b) {
					return conformance.Differs("two readings of one start differ: %v, %v", b, again)
				}
				return nil
			},
		},
		{
			Name: "the machine counts its starts", API: []string{"KUSER_SHARED_DATA.BootId"}, Serves: []string{"system.restart"},
			Run: func(context.Context) error {
				b, err := m.Boot()
				if err != nil {
					return err
				}
				if b.ID == 0 {
					return conformance.Missing("the number of this start is 0")
				}
				return nil
			},
		},
		{
			Name: "where nothing counts down there is nothing to abort", API: []string{"advapi32!AbortSystemShutdownW"}, Serves: []string{"system.block_restart", "system.restart"},
			Changes: true,
			Run: func(context.Context) error {
				aborted, err := m.Abort()
				if err != nil {
					return verdict(err)
				}
				if aborted {
					return conformance.Differs("a shutdown was aborted that nobody had asked for")
				}
				return nil
			},
		},
		{
			Name: "a restart that is asked for counts down, and can be aborted", API: []string{"advapi32!InitiateShutdownW", "advapi32!AbortSystemShutdownW"}, Serves: []string{"system.restart"},
			Changes: true,
			Run: func(context.Context) error {
				if err := m.Restart(Request{Message: "a test, which is called off at once", Delay: time.Hour}); err != nil {
					return verdict(err)
				}
				aborted, err := m.Abort()
				if err != nil {
					return verdict(err)
				}
				if !aborted {
					return conformance.Differs("a restart was asked for, and there is none to abort")
				}
				return nil
			},
		},
	}}
}

func verdict(err error) error {
	call, is := errors.AsType[*CallError](err)
	switch {
	case errors.Is(err, ErrNoEffect), is && call.Missing():
		return conformance.Missing("%v", err)
	case errors.Is(err, ErrDenied):
		return conformance.Inapplicable("%v", err)
	}
	return err
}
