package pluginserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/rectify-project/rectify/internal/wire"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// service does the calls of one plugin: it checks the input, opens the target, and turns a panic into an error.
type service struct {
	plugin   sdk.Plugin
	manifest func() sdk.Manifest
	inputs   sync.Map // name of a function → func() (*schema.Type, error)

	mu      sync.Mutex
	targets map[target.Spec]*target.Target

	uncut sync.WaitGroup // calls of actions that must not be cut off
}

var _ wire.Handler = (*service)(nil)

func newService(p sdk.Plugin) *service {
	return &service{plugin: p, manifest: sync.OnceValue(p.Manifest), targets: map[target.Spec]*target.Target{}}
}

func (s *service) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for spec, t := range s.targets {
		_ = t.Close() // only read from
		delete(s.targets, spec)
	}
}

func (s *service) Describe(context.Context) (sdk.Manifest, error) { return s.manifest(), nil }

func (s *service) Observe(ctx context.Context, c wire.Call) (answer sdk.Answer, err error) {
	defer recovered(c.Function, &err)
	probe, ok := s.plugin.Probe(c.Function)
	if !ok {
		return answer, s.unknown("probe", c.Function)
	}
	input, err := s.input(c, probe.Manifest().Input)
	if err != nil {
		return answer, err
	}
	call, err := s.call(c)
	if err != nil {
		return answer, err
	}
	return probe.Observe(ctx, call, input)
}

func (s *service) Prepare(ctx context.Context, c wire.Call) (prepared sdk.Prepared, err error) {
	defer recovered(c.Function, &err)
	action, ok := s.plugin.Action(c.Function)
	if !ok {
		return prepared, s.unknown("action", c.Function)
	}
	input, err := s.input(c, action.Manifest().Input)
	if err != nil {
		return prepared, err
	}
	call, err := s.call(c)
	if err != nil {
		return prepared, err
	}
	return action.Prepare(ctx, call, input)
}

func (s *service) Apply(ctx context.Context, c wire.Call) (applied sdk.Applied, err error) {
	defer recovered(c.Function, &err)
	action, ok := s.plugin.Action(c.Function)
	if !ok {
		return applied, s.unknown("action", c.Function)
	}
	input, err := s.input(c, action.Manifest().Input)
	if err != nil {
		return applied, err
	}
	call, err := s.call(c)
	if err != nil {
		return applied, err
	}
	ctx, done := s.guard(ctx, action)
	defer done()
	return action.Apply(ctx, call, input, c.Token, c.StateDir)
}

func (s *service) Assess(ctx context.Context, c wire.Call) (assessment sdk.Assessment, err error) {
	defer recovered(c.Function, &err)
	action, ok := s.plugin.Action(c.Function)
	if !ok {
		return assessment, s.unknown("action", c.Function)
	}
	call, err := s.call(c)
	if err != nil {
		return assessment, err
	}
	return action.Assess(ctx, call, c.Token, c.StateDir)
}

func (s *service) Undo(ctx context.Context, c wire.Call) (applied sdk.Applied, err error) {
	defer recovered(c.Function, &err)
	action, ok := s.plugin.Action(c.Function)
	if !ok {
		return applied, s.unknown("action", c.Function)
	}
	call, err := s.call(c)
	if err != nil {
		return applied, err
	}
	ctx, done := s.guard(ctx, action)
	defer done()
	return action.Undo(ctx, call, c.Token, c.StateDir)
}

// guard keeps an action that must not be cut off from the end of its host: its context is not cancelled, and the
// process waits for it.
func (s *service) guard(ctx context.Context, action sdk.Action) (context.Context, func()) {
	if action.Manifest().Interruptible {
		return ctx, func() {}
	}
	s.uncut.Add(1)
	return context.WithoutCancel(ctx), s.uncut.Done
}

func (s *service) unknown(kind, name string) error {
	var names []string
	m := s.manifest()
	for _, p := range m.Probes {
		names = append(names, p.Name)
	}
	for _, a := range m.Actions {
		names = append(names, a.Name)
	}
	return sdk.Errorf(sdk.InvalidInput, "%s %s has no %s %q; it has %s", m.Name, m.Version, kind, name, strings.Join(names, ", "))
}

// input checks an input by its schema and fills in the defaults.
func (s *service) input(c wire.Call, raw json.RawMessage) (json.RawMessage, error) {
	parse, _ := s.inputs.LoadOrStore(c.Function, sync.OnceValues(func() (*schema.Type, error) { return schema.Parse(raw) }))
	t, err := parse.(func() (*schema.Type, error))()
	if err != nil {
		return nil, sdk.Errorf(sdk.Internal, "the input schema of %s: %v", c.Function, err)
	}
	given := c.Input
	if len(given) == 0 {
		given = json.RawMessage("{}")
	}
	v, err := t.Canonical(given)
	if err != nil {
		return nil, invalid(err)
	}
	object, _ := v.(map[string]any)
	return schema.Marshal(t.WithDefaults(object))
}

func invalid(err error) error {
	var at *schema.PathError
	if errors.As(err, &at) {
		return sdk.Errorf(sdk.InvalidInput, "%v", at.Err).WithPath(at.Pointer)
	}
	return sdk.Errorf(sdk.InvalidInput, "%v", err)
}

// call opens the target, once for each that the host names.
func (s *service) call(c wire.Call) (*sdk.Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.targets[c.Target]
	if !ok {
		opened, err := target.Open(c.Target)
		if err != nil {
			return nil, sdk.Errorf(sdk.Unavailable, "the target cannot be opened: %v", err)
		}
		t = opened
		s.targets[c.Target] = t
	}
	return &sdk.Call{Target: t, Report: c.Progress}, nil
}

// recovered makes an error of a panic. The stack goes to the host's log.
func recovered(function string, err *error) {
	r := recover()
	if r == nil {
		return
	}
	first, _, _ := strings.Cut(fmt.Sprint(r), "\n")
	fmt.Fprintf(os.Stderr, "[ERROR] panic in %s: %s\n%s", function, first, debug.Stack())
	*err = sdk.Errorf(sdk.Internal, "panic in %s: %s", function, first).WithHint("this is a fault of the plugin; its stack is in the log")
}
