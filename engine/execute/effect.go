package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rectify-project/rectify/engine/plan"
	"github.com/rectify-project/rectify/sdk/schema"
)

// longestAction bounds an action that may be interrupted, where the playbook does not say.
const longestAction = time.Hour

// lasting is an effect that takes its time.
type lasting struct {
	step          *plan.Step // for who is told
	uses          string
	interruptible bool
	limit         time.Duration // 0: [longestAction]
	tell          func(Event)
}

// effect runs an effect. One that may be interrupted ends with the context and its time; any other is waited for.
func effect(ctx context.Context, l lasting, do func(context.Context) (Applied, error)) (Applied, error) {
	if l.limit == 0 {
		l.limit = longestAction
	}
	if !l.interruptible {
		return l.uncut(ctx, do)
	}
	bounded, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	applied, err := do(bounded)
	if err != nil && ctx.Err() == nil && errors.Is(bounded.Err(), context.DeadlineExceeded) {
		return applied, fmt.Errorf("%s did not end within %s", l.uses, schema.FormatDuration(l.limit))
	}
	return applied, err
}

// uncut runs an effect to its end, whatever ends meanwhile.
func (l lasting) uncut(ctx context.Context, do func(context.Context) (Applied, error)) (Applied, error) {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { l.watch(ctx.Done(), ended) })
	defer watching.Wait()
	defer close(ended)
	return do(context.WithoutCancel(ctx))
}

// watch tells a person, once each, that an effect which must not be cut off goes on beyond its time, or although the run
// is to end.
func (l lasting) watch(asked, ended <-chan struct{}) {
	late := time.NewTimer(l.limit)
	defer late.Stop()
	for {
		select {
		case <-ended:
			return
		case <-asked:
			asked = nil
			l.tell(Event{Kind: Waits, Step: l.step, Text: l.uses + " must not be cut off: it is waited for"})
		case <-late.C:
			l.tell(Event{Kind: Waits, Step: l.step, Text: fmt.Sprintf("%s takes longer than %s; it must not be cut off and is waited for", l.uses, schema.FormatDuration(l.limit))})
		}
	}
}
