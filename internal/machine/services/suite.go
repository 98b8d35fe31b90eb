package services

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// The services that the checks ask about: every Windows has them. Checks that change something change wuauserv.
const (
	sample  = "RpcSs"
	guinea  = "wuauserv"
	nothing = "RectifyNoSuchService"
)

var (
	anyLook   = []string{"service.status", "service.stop", "service.start", "service.restart", "service.configure", "service.restore"}
	anyChange = []string{"service.stop", "service.start", "service.restart", "service.restore"}
	anyHold   = []string{"service.stop", "service.start", "service.configure", "service.restore"}
	anyOwed   = []string{"service.stop", "service.start", "service.restart", "service.restore"}
)

// Suite is what actions and probes take for granted of services.
func Suite(m Machine) conformance.Suite {
	return conformance.Suite{Name: "services", Checks: slices.Concat(readings(m), permissions(m), changes(m))}
}

func unlessDenied(err error) error {
	if errors.Is(err, ErrDenied) {
		return conformance.Inapplicable("%v", err)
	}
	return err
}

func readings(m Machine) []conformance.Check {
	return []conformance.Check{
		{
			Name: "the services are listed", API: []string{"advapi32!OpenSCManagerW", "advapi32!EnumServicesStatusExW", "advapi32!CloseServiceHandle"}, Serves: anyLook,
			Run: func(ctx context.Context) error {
				names, err := m.Names(ctx)
				if err == nil && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, sample) }) {
					return conformance.Differs("%s is not among the %d services that are listed", sample, len(names))
				}
				return err
			},
		}, {
			Name: "a running service has a process", API: []string{"advapi32!OpenServiceW", "advapi32!QueryServiceStatusEx"}, Serves: anyLook,
			Run: func(ctx context.Context) error {
				s, err := m.Status(ctx, sample)
				if err == nil && (s.State != Running || s.PID == 0) {
					return conformance.Differs("%s is %s in process %d", sample, s.State, s.PID)
				}
				return err
			},
		}, {
			Name: "names count in any case", API: []string{"advapi32!OpenServiceW"}, Serves: anyLook,
			Run: func(ctx context.Context) error {
				_, err := m.Status(ctx, strings.ToUpper(sample))
				return err
			},
		}, {
			Name: "a service that does not exist is told apart", API: []string{"advapi32!OpenServiceW"}, Serves: anyLook,
			Run: func(ctx context.Context) error {
				if _, err := m.Status(ctx, nothing); !errors.Is(err, ErrAbsent) {
					return conformance.Differs("of %s: %v", nothing, err)
				}
				return nil
			},
		}, {
			Name: "the start of a process is known", API: []string{"kernel32!OpenProcess", "kernel32!GetProcessTimes"}, Serves: []string{"service.restart", "service.start", "service.stop"},
			Run: func(ctx context.Context) error {
				s, err := m.Status(ctx, sample)
				if err != nil {
					return err
				}
				started, err := m.ProcessStarted(ctx, s.PID)
				if now := m.Clock.Now(); err == nil && (started.After(now.Add(time.Minute)) || started.Year() < 2000) {
					return conformance.Differs("process %d of %s was started at %s, now is %s", s.PID, sample, started, now)
				}
				return unlessDenied(err)
			},
		}, {
			Name: "the configuration of a service is read", API: []string{"advapi32!QueryServiceConfigW"}, Serves: anyLook,
			Run: func(ctx context.Context) error {
				c, err := m.Configuration(ctx, sample)
				if err == nil && (c.Type == "" || c.Binary == "" || c.DisplayName == "") {
					return conformance.Differs("%+v", c)
				}
				return err
			},
		}, {
			Name: "the delay of a service is read", API: []string{"advapi32!QueryServiceConfig2W"}, Serves: anyHold,
			Run: func(ctx context.Context) error {
				return flagRead(ctx, m, func(c Configuration) Flag { return c.Delayed })
			},
		}, {
			Name: "the triggers of a service are read", API: []string{"advapi32!QueryServiceConfig2W"}, Serves: []string{"service.status"},
			Run: func(ctx context.Context) error {
				return flagRead(ctx, m, func(c Configuration) Flag { return c.Triggered })
			},
		}, {
			Name: "running dependents are listed", API: []string{"advapi32!EnumDependentServicesW"}, Serves: []string{"service.stop", "service.restart"},
			Run: func(ctx context.Context) error {
				names, err := m.Dependents(ctx, sample)
				if err == nil && len(names) == 0 {
					return conformance.Missing("no service depends on %s", sample)
				}
				return unlessDenied(err)
			},
		}, {
			Name: "what is owed to services is read", API: []string{"advapi32!RegOpenKeyExW", "advapi32!RegEnumKeyExW", "advapi32!RegQueryValueExW"}, Serves: anyOwed,
			Run: func(context.Context) error {
				_, err := m.Ledger.Entries()
				return unlessDenied(err)
			},
		},
	}
}

func flagRead(ctx context.Context, m Machine, of func(Configuration) Flag) error {
	c, err := m.Configuration(ctx, sample)
	if err != nil {
		return err
	}
	if err := of(c).Err; err != nil {
		return conformance.Missing("%v", err)
	}
	return nil
}
