package services

import (
	"context"
	"errors"
	"fmt"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// updaters are the services that a repair of Windows Update stops and holds. Some builds of Windows protect some of them.
var updaters = []string{"wuauserv", "BITS", "UsoSvc"}

// permissions ask whether the updaters could be changed, and change nothing.
func permissions(m Machine) []conformance.Check {
	var checks []conformance.Check
	for _, name := range updaters {
		checks = append(checks, conformance.Check{
			Name: fmt.Sprintf("an administrator may configure, start and stop %s", name), API: []string{"advapi32!OpenServiceW"}, Serves: anyHold,
			Run: func(ctx context.Context) error { return permitted(ctx, m, name) },
		})
	}
	return checks
}

// permitted asks for each right by itself, so that the answer names those that are denied.
func permitted(ctx context.Context, m Machine, name string) error {
	var denied []Right
	for _, right := range []Right{ToConfigure, ToStart, ToStop} {
		err := m.Rights.Granted(ctx, name, right)
		switch {
		case errors.Is(err, ErrAbsent):
			return conformance.Inapplicable("there is no service %s", name)
		case errors.Is(err, ErrDenied):
			denied = append(denied, right)
		case err != nil:
			return err
		}
	}
	switch {
	case len(denied) == 0:
		return nil
	case !m.Rights.Elevated():
		return conformance.Inapplicable("%s denies %v to a process that is not elevated", name, denied)
	}
	return conformance.Differs("%s denies %v although this process is elevated: this Windows protects it", name, denied)
}
