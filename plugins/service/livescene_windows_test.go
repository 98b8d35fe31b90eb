package service

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/sdk"
)

// fastClock goes faster than time does, so that a service which never stops is given up soon.
type fastClock struct{ began time.Time }

const faster = 100

func (c fastClock) Now() time.Time { return c.began.Add(time.Since(c.began) * faster) }

func (c fastClock) Sleep(ctx context.Context, d time.Duration) error {
	time.Sleep(d / faster)
	return ctx.Err()
}

// live is this machine, with a clock that a test can wait for.
func live(t *testing.T) services.Machine {
	t.Helper()
	m, err := services.Open()
	if err != nil {
		t.Fatal(err)
	}
	m.Clock = fastClock{time.Now()}
	return m
}

// liveScene is an action on this machine.
type liveScene struct {
	*scene
	m services.Machine
}

func onLive(t *testing.T, m services.Machine, action string, input any) *liveScene {
	t.Helper()
	s := newScene(t, nil, action, input)
	a, ok := on(func() (services.Machine, error) { return m, nil }).Action(action)
	if !ok {
		t.Fatal(action)
	}
	s.action = a
	return &liveScene{s, m}
}

func (s *liveScene) tryApply(t *testing.T) (string, error) {
	t.Helper()
	p, err := s.action.Prepare(t.Context(), s.call, s.input)
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	s.token = p.Token
	return s.scene.tryApply()
}

func (s *liveScene) apply(t *testing.T) string {
	t.Helper()
	out, err := s.tryApply(t)
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	return out
}

func (s *liveScene) want(t *testing.T, state sdk.State) {
	t.Helper()
	a, err := s.action.Assess(t.Context(), s.call, s.token, s.dir)
	if err != nil || a.State != state {
		t.Errorf("Assess says %q (%s), %v; want %q", a.State, a.Reason, err, state)
	}
}

func (s *liveScene) undo(t *testing.T) {
	t.Helper()
	if _, err := s.action.Undo(t.Context(), s.call, s.token, s.dir); err != nil {
		t.Fatalf("Undo: %v", err)
	}
}

// is holds a service to a state and a start type, the second one as the registry has it: 2 automatic, 3 manual, 4 disabled.
func is(t *testing.T, m services.Machine, name string, state services.State, start uint64) {
	t.Helper()
	s, err := m.Status(t.Context(), name)
	if err != nil || s.State != state {
		t.Errorf("%s is %s, %v; want %s", name, s.State, err, state)
	}
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\`+name, registry.QUERY_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if n, _, err := k.GetIntegerValue("Start"); err != nil || n != start {
		t.Errorf("the registry has Start %d of %s, %v; want %d", n, name, err, start)
	}
}

// setUp brings services into a state, and back when the test ends.
func setUp(t *testing.T, m services.Machine, start services.Start, runs bool, names ...string) {
	t.Helper()
	for _, name := range names {
		c, err := m.Configuration(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		bring(t, t.Context(), m, name, start, runs)
		t.Cleanup(func() {
			if err := m.Ledger.Delete(name); err != nil {
				t.Error(err)
			}
			bring(t, context.Background(), m, name, c.Start(), false)
		})
	}
}

func bring(t *testing.T, ctx context.Context, m services.Machine, name string, start services.Start, runs bool) {
	t.Helper()
	err := m.SetStart(ctx, name, start)
	if err == nil && runs {
		_, err = m.Launch(ctx, name)
	} else if err == nil {
		_, err = m.Halt(ctx, name)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// ownService makes this program a service, which is deleted when the test ends.
func ownService(t *testing.T, m services.Machine, name, behaviour string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	scm, err := mgr.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer scm.Disconnect()
	s, err := scm.CreateService(name, exe, mgr.Config{StartType: mgr.StartManual, DisplayName: name}, asService, name, behaviour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer s.Close()
		if status, err := m.Status(context.Background(), name); err == nil && status.PID != 0 && (behaviour == "stuck" || behaviour == "firm") {
			if p, err := os.FindProcess(int(status.PID)); err == nil {
				_ = p.Kill() // this program, which never stops as a service
			}
		} else if _, err := m.Halt(context.Background(), name); err != nil {
			t.Error(err)
		}
		if err := errors.Join(s.Delete(), m.Ledger.Delete(name)); err != nil {
			t.Error(err)
		}
	})
}
