package network

import (
	"context"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// maxTimeout bounds the time that one try may be given.
const maxTimeout = 5 * time.Minute

// running refuses what cannot be asked: a disk that is not running has no network.
func running(call *sdk.Call) error {
	if call.Target.Kind() == target.Live {
		return nil
	}
	return sdk.Errorf(sdk.Unsupported, "an offline disk has no network").WithHint("ask on the running machine")
}

// timeout checks the time that is given to one try.
func timeout(given schema.Span) (time.Duration, error) {
	d := time.Duration(given)
	if d <= 0 || d > maxTimeout {
		return 0, sdk.Errorf(sdk.InvalidInput, "%s is no time to wait for an answer: more than 0s and at most %s are expected",
			schema.FormatDuration(d), schema.FormatDuration(maxTimeout)).WithPath("/timeout")
	}
	return d, nil
}

// repeat tries a number of times, with a pause in between that lets a short failure pass. It ends early when the call is
// canceled: what a try then says is of no worth.
func repeat(ctx context.Context, call *sdk.Call, attempts int, pause time.Duration, try func(context.Context)) error {
	for i := range attempts {
		if i > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		try(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		call.Progress(sdk.Progress{Done: int64(i + 1), Total: int64(attempts), Unit: "tries"})
	}
	return nil
}

// pauseOf checks the pause between two tries.
func pauseOf(given schema.Span) (time.Duration, error) {
	d := time.Duration(given)
	if d < 0 || d > maxTimeout {
		return 0, sdk.Errorf(sdk.InvalidInput, "%s is no pause between two tries: 0s to %s are expected",
			schema.FormatDuration(d), schema.FormatDuration(maxTimeout)).WithPath("/pause")
	}
	return d, nil
}
