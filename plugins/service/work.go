package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// work is one call of an action on a machine.
type work struct {
	services.Machine
	call   *sdk.Call
	dir    string // the state directory; "" of Prepare
	record record
	begun  bool // the record was there, so that Apply had begun
}

// note tells what is about to be done, or was.
func (w *work) note(format string, args ...any) {
	w.call.Progress(sdk.Progress{Note: fmt.Sprintf(format, args...)})
}

// checked is a token that knows what is wrong with it.
type checked interface{ check() error }

// hands are the functions of an action, with what every one of them does left out.
type hands[In, Out any, Token checked] struct {
	prepare func(ctx context.Context, w *work, in In) (sdk.Preview[Out, Token], error)
	apply   func(ctx context.Context, w *work, t Token) (Out, error)
	assess  func(ctx context.Context, w *work, t Token) (sdk.Assessment, error)
	undo    func(ctx context.Context, w *work, t Token) (Out, error)
}

// newAction makes an action. Apply and Undo of one that is not interruptible go on when the context ends: every wait in them
// is bounded.
func newAction[In, Out any, Token checked](m sdk.ActionManifest, open opener, h hands[In, Out, Token]) sdk.Action {
	change := func(ctx context.Context, call *sdk.Call, t Token, dir string, do func(context.Context, *work, Token) (Out, error)) (sdk.Result[Out], error) {
		w, err := resume(call, open, t, dir)
		if err != nil {
			return sdk.Result[Out]{}, err
		}
		if !m.Interruptible {
			ctx = context.WithoutCancel(ctx)
		}
		out, err := do(ctx, w, t)
		return sdk.Result[Out]{Output: out}, explain(err)
	}
	return sdk.NewAction(m, sdk.ActionHands[In, Out, Token]{
		Prepare: func(ctx context.Context, call *sdk.Call, in In) (sdk.Preview[Out, Token], error) {
			var p sdk.Preview[Out, Token]
			machine, err := open()
			if err == nil {
				p, err = h.prepare(ctx, &work{Machine: machine, call: call}, in)
			}
			return p, explain(err)
		},
		Apply: func(ctx context.Context, call *sdk.Call, _ In, t Token, dir string) (sdk.Result[Out], error) {
			return change(ctx, call, t, dir, h.apply)
		},
		Assess: func(ctx context.Context, call *sdk.Call, t Token, dir string) (sdk.Assessment, error) {
			w, err := resume(call, open, t, dir)
			if err != nil {
				return sdk.Assessment{}, err
			}
			a, err := h.assess(ctx, w, t)
			return a, explain(err)
		},
		Undo: func(ctx context.Context, call *sdk.Call, t Token, dir string) (sdk.Result[Out], error) {
			return change(ctx, call, t, dir, h.undo)
		},
	})
}

// resume is the work of an action that was prepared, with what it has noted so far.
func resume(call *sdk.Call, open opener, t checked, dir string) (*work, error) {
	if err := t.check(); err != nil {
		return nil, sdk.Errorf(sdk.InvalidInput, "the token cannot be read; was it made by another version of this plugin?: %v", err)
	}
	machine, err := open()
	if err != nil {
		return nil, explain(err)
	}
	w := &work{Machine: machine, call: call, dir: dir}
	w.begun, err = readRecord(dir, &w.record)
	return w, err
}

func explain(err error) error {
	if err == nil {
		return nil
	}
	return services.Explain(err)
}

// found is a service as it is.
type found struct {
	status services.Status
	config services.Configuration
	entry  services.Entry
}

// look reads all that actions go by.
func (w *work) look(ctx context.Context, name string) (found, error) {
	var f found
	var err error
	if f.status, err = w.Status(ctx, name); err != nil {
		return f, err
	}
	if f.config, err = w.Configuration(ctx, name); err != nil {
		return f, err
	}
	entries, err := w.Ledger.Entries()
	f.entry = entries.Of(name)
	return f, err
}

// own is the start type of a service, or the one that is owed to it. A held one that has a third by now was given that by somebody.
func (f found) own() services.Start {
	if h := f.entry.Held; h != nil && (f.config.Type == h.As || f.config.Type == h.Start.Type) {
		return h.Start
	}
	return f.config.Start()
}

// held says whether its start type is another one for a while.
func (f found) held() bool {
	return f.entry.Held != nil && f.config.Type == f.entry.Held.As && f.entry.Held.As == services.Disabled
}

func (f found) runs() bool { return f.status.State.Runs() }

// process is the one that a running service is in. Where its start cannot be known it is told by its number alone.
func (w *work) process(ctx context.Context, s services.Status) services.Process {
	created, err := w.ProcessStarted(ctx, s.PID)
	if err != nil {
		return services.Process{PID: s.PID}
	}
	return services.Process{PID: s.PID, Created: created}
}

// uniqueNames checks the names that an action is given, and leaves out those that are there twice.
func uniqueNames(names []string) ([]string, error) {
	var unique []string
	for i, name := range names {
		if err := services.CheckName(name); err != nil {
			return nil, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath(fmt.Sprintf("/names/%d", i))
		}
		if !holds(unique, name) {
			unique = append(unique, name)
		}
	}
	return unique, nil
}

func holds(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// The words for what several actions change.
func serviceNamed(name string) string { return "service " + name }
func startTypeOf(name string) string  { return "start type of " + name }

// list puts names into a sentence.
func list(names []string) string { return strings.Join(names, ", ") }

func changedSince(name string, is, was services.Start) error {
	return sdk.Errorf(sdk.Unavailable, "the start type of %s is %s; it was %s when this was prepared, and somebody else has changed it since", name, is, was).
		WithHint("look at it, and make it what it is to be")
}

// all joins errors into one that says everything, with the code and the hint of the first. A single one stays what it is.
func all(errs ...error) error {
	var first *sdk.Error
	var only error
	var texts []string
	for _, err := range errs {
		if err == nil {
			continue
		}
		e := services.Explain(err)
		if first == nil {
			c := *e
			first, only = &c, err
		}
		texts = append(texts, e.Message)
	}
	if len(texts) < 2 {
		return only
	}
	first.Message = strings.Join(texts, "; ")
	return first
}

func absent(err error) bool { return errors.Is(err, services.ErrAbsent) }
