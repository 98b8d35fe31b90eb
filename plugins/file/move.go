package file

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/machine/holders"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// mover renames, and knows whom to ask who is in the way.
type mover struct{ holders holders.Asker }

// waits are how long a rename is waited with that finds something in use: services close their files when they have
// stopped, not before they say so.
func waits() []time.Duration {
	return []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, time.Second, 2 * time.Second}
}

// move renames in a folder, and tries again what is in use. What stays in use is an error that is [target.ErrInUse] and
// names who has it open, as far as that is known.
func (m mover) move(ctx context.Context, call *sdk.Call, folder *target.Folder, from, to string) error {
	for _, wait := range waits() {
		err := folder.Rename(from, to)
		if !errors.Is(err, target.ErrInUse) {
			return err
		}
		call.Progress(sdk.Progress{Note: "waiting until nobody has " + folder.Join(from) + " open"})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	err := folder.Rename(from, to)
	if !errors.Is(err, target.ErrInUse) || call.Target.Kind() != target.Live {
		return err
	}
	return m.named(ctx, call, folder.Join(from), err)
}

// named adds to an error who has a path open.
func (m mover) named(ctx context.Context, call *sdk.Call, path string, err error) error {
	who, asking := holders.Find(ctx, m.holders, call.Target, path)
	switch {
	case asking != nil:
		return fmt.Errorf("%w; who has it open could not be told: %v", err, asking)
	case len(who) == 0:
		return fmt.Errorf("%w; Windows names nobody who has it open", err)
	}
	return fmt.Errorf("%w; open by %s", err, holders.Sentence(who))
}
