package services

import (
	"context"
	"fmt"
)

// UnchangedError says that a start type was reported changed, and is another one than was asked for.
type UnchangedError struct {
	Name       string
	Wanted, Is Start
}

func (e *UnchangedError) Error() string {
	return fmt.Sprintf("the start type of %s was to be %s, no error was reported, and it reads back as %s", e.Name, e.Wanted, e.Is)
}

// SetStart makes a service be started in another way, and reads back that it is so: where it is not the error is an [*UnchangedError].
// It changes what differs and nothing else.
// Between the start type and the flag of delay there is an instant at which only one of them is set.
func (m Machine) SetStart(ctx context.Context, name string, want Start) error {
	is, err := m.Configuration(ctx, name)
	if err != nil {
		return err
	}
	if want.Type == Automatic && want.Delayed && is.Delayed.Err != nil {
		return is.Delayed.Err
	}
	flag := is.Delayed.Err == nil && is.Delayed.Value != want.Delayed
	if flag && is.Type == Automatic { // while it is automatic: the flag of any other cannot be set
		if err := m.SetDelayed(ctx, name, want.Delayed); err != nil {
			return err
		}
		flag = false
	}
	if is.Type != want.Type {
		if err := m.SetType(ctx, name, want.Type); err != nil {
			return err
		}
	}
	if flag && want.Type == Automatic {
		if err := m.SetDelayed(ctx, name, want.Delayed); err != nil {
			return err
		}
	}
	now, err := m.Configuration(ctx, name)
	if err != nil {
		return err
	}
	if !now.Start().Same(want) {
		return &UnchangedError{name, want, now.Start()}
	}
	return nil
}
