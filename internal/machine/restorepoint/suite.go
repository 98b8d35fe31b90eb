package restorepoint

import (
	"context"
	"errors"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite is what is taken for granted of System Restore.
func Suite(s Store) conformance.Suite {
	return conformance.Suite{Name: "restore points", Checks: []conformance.Check{
		{
			Name: "restore points are listed", API: []string{"IWbemLocator.ConnectServer", "IWbemServices.ExecQuery", "IEnumWbemClassObject.Next", "IWbemClassObject.Get"},
			Serves: []string{"system.restore_point"},
			Run: func(ctx context.Context) error {
				points, err := s.List(ctx)
				if err != nil {
					return verdict(err)
				}
				for _, p := range points {
					if p.Sequence <= 0 {
						return conformance.Differs("a restore point has the number %d", p.Sequence)
					}
				}
				return nil
			},
		},
		{
			Name: "a restore point that is made is listed", API: []string{"srclient!SRSetRestorePointW", "ole32!CoInitializeSecurity"},
			Serves: []string{"system.restore_point"}, Changes: true,
			Run: func(ctx context.Context) error {
				before, err := s.List(ctx)
				if err != nil {
					return verdict(err)
				}
				const name = "Rectify: a test"
				if _, err := s.Create(ctx, name); err != nil {
					return verdict(err)
				}
				after, err := s.List(ctx)
				if err != nil {
					return verdict(err)
				}
				if Made(after, Newest(before), name) == nil {
					return conformance.Missing("a restore point is reported as made, and is not listed")
				}
				return nil
			},
		},
	}}
}

func verdict(err error) error {
	switch {
	case errors.Is(err, ErrNone), errors.Is(err, ErrOff), errors.Is(err, ErrDenied): // servers have none
		return conformance.Inapplicable("%v", err)
	}
	return err
}
