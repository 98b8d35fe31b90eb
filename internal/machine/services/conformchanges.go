package services

import (
	"context"
	"errors"
	"time"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

func changes(m Machine) []conformance.Check {
	return []conformance.Check{
		{
			Name: "a start type is read back as it was set", API: []string{"advapi32!ChangeServiceConfigW"}, Serves: anyHold, Changes: true,
			Run: func(ctx context.Context) error {
				return put(ctx, m, func(Start) error {
					for _, want := range []Start{{Type: Disabled}, {Type: Automatic}, {Type: Manual}} {
						if err := m.SetStart(ctx, guinea, want); err != nil {
							return err
						}
					}
					return nil
				})
			},
		}, {
			Name: "a delay is read back as it was set", API: []string{"advapi32!ChangeServiceConfig2W"}, Serves: anyHold, Changes: true,
			Run: func(ctx context.Context) error {
				return put(ctx, m, func(Start) error {
					for _, delayed := range []bool{true, false} {
						if err := m.SetStart(ctx, guinea, Start{Automatic, delayed}); err != nil {
							return err
						}
					}
					return nil
				})
			},
		}, {
			Name: "a delay outlives that the service is disabled for a while", API: []string{"advapi32!ChangeServiceConfigW", "advapi32!ChangeServiceConfig2W"}, Serves: []string{"service.stop"}, Changes: true,
			Run: func(ctx context.Context) error {
				return put(ctx, m, func(Start) error {
					delayed := Start{Automatic, true}
					for _, want := range []Start{delayed, {Type: Disabled, Delayed: true}, delayed} {
						if err := m.SetStart(ctx, guinea, want); err != nil {
							return err
						}
					}
					return nil
				})
			},
		}, {
			Name: "a disabled service is not started", API: []string{"advapi32!StartServiceW"}, Serves: []string{"service.stop", "service.start"}, Changes: true,
			Run: func(ctx context.Context) error {
				return put(ctx, m, func(Start) error {
					if _, err := m.Halt(ctx, guinea); err != nil {
						return err
					}
					if err := m.SetStart(ctx, guinea, Start{Type: Disabled}); err != nil {
						return err
					}
					if err := m.Start(ctx, guinea); !errors.Is(err, ErrDisabled) {
						return conformance.Differs("a request to start it gives %v", err)
					}
					return nil
				})
			},
		}, {
			Name: "a service is started and stopped", API: []string{"advapi32!StartServiceW", "advapi32!ControlService"}, Serves: anyChange, Changes: true,
			Run: func(ctx context.Context) error {
				return put(ctx, m, func(Start) error {
					if err := m.SetStart(ctx, guinea, Start{Type: Manual}); err != nil {
						return err
					}
					if _, err := m.Halt(ctx, guinea); err != nil {
						return err
					}
					if err := m.Stop(ctx, guinea); !errors.Is(err, ErrNotActive) {
						return conformance.Differs("a request to stop what is stopped gives %v", err)
					}
					s, err := m.Launch(ctx, guinea)
					if err != nil || s.State != Running {
						return conformance.Differs("started it is %s, %v", s.State, err)
					}
					if err := m.Start(ctx, guinea); !errors.Is(err, ErrRunning) {
						return conformance.Differs("a request to start what runs gives %v", err)
					}
					if s, err = m.Halt(ctx, guinea); err != nil || s.State != Stopped {
						return conformance.Differs("stopped it is %s, %v", s.State, err)
					}
					return nil
				})
			},
		}, {
			Name: "what is owed to a service is kept", API: []string{"advapi32!RegCreateKeyExW", "advapi32!RegSetValueExW", "advapi32!RegFlushKey", "advapi32!RegDeleteKeyW"}, Serves: anyOwed, Changes: true,
			Run: func(context.Context) error { return kept(m.Ledger) },
		},
	}
}

func kept(l Ledger) error {
	e := Entry{Held: &Held{Start{Automatic, true}, Disabled}, Ran: true, Since: time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)}
	if err := l.Write(nothing, e); err != nil {
		return err
	}
	all, err := l.Entries()
	if err != nil {
		return err
	}
	if is := all.Of(nothing); is.Held == nil || *is.Held != *e.Held || !is.Ran || !is.Since.Equal(e.Since) {
		return conformance.Differs("an entry reads back as %+v", is)
	}
	for range 2 {
		if err := l.Delete(nothing); err != nil {
			return err
		}
	}
	if all, err = l.Entries(); err != nil {
		return err
	}
	if all.Of(nothing).Owes() {
		return conformance.Differs("a deleted entry is still there")
	}
	return nil
}

// put does something to the service that the checks change, and makes that what it was.
func put(ctx context.Context, m Machine, do func(was Start) error) (err error) {
	c, err := m.Configuration(ctx, guinea)
	if err != nil {
		return unlessDenied(err)
	}
	s, err := m.Status(ctx, guinea)
	if err != nil {
		return unlessDenied(err)
	}
	defer func() {
		back := m.SetStart(ctx, guinea, c.Start())
		if back == nil && s.State.Runs() {
			_, back = m.Launch(ctx, guinea)
		} else if back == nil {
			_, back = m.Halt(ctx, guinea)
		}
		err = errors.Join(err, back)
	}()
	return do(c.Start())
}
