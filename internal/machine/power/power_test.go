package power_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/power/fakepower"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestSuiteOfTheFake(t *testing.T) {
	conformtest.RunFake(t, power.Suite(power.Of(fakepower.New(time.Now().Add(-time.Hour)))), nil)
}

func TestPrecedes(t *testing.T) {
	at := time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		before, now power.Boot
		want        bool
	}{
		"the same":                           {power.Boot{ID: 7, Time: at}, power.Boot{ID: 7, Time: at}, false},
		"the clock was set":                  {power.Boot{ID: 7, Time: at}, power.Boot{ID: 7, Time: at.Add(time.Hour)}, false},
		"started anew":                       {power.Boot{ID: 7, Time: at}, power.Boot{ID: 8, Time: at.Add(time.Hour)}, true},
		"started anew, the clock was behind": {power.Boot{ID: 7, Time: at}, power.Boot{ID: 8, Time: at.Add(-time.Hour)}, true},
		"not counted, the same":              {power.Boot{Time: at}, power.Boot{Time: at.Add(time.Second)}, false},
		"not counted, started anew":          {power.Boot{Time: at}, power.Boot{Time: at.Add(time.Hour)}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.before.Precedes(c.now); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestNoEffectIsSeen(t *testing.T) {
	f := fakepower.New(time.Now())
	f.Ignores = true
	m := power.Of(f)
	if err := m.Restart(power.Request{Delay: time.Minute}); !errors.Is(err, power.ErrNoEffect) {
		t.Errorf("a restart that is not scheduled: got %v, want %v", err, power.ErrNoEffect)
	}
	if aborted, err := m.Abort(); aborted || !errors.Is(err, power.ErrNoEffect) {
		t.Errorf("an abort that aborts nothing: got %v, %v, want %v", aborted, err, power.ErrNoEffect)
	}
}

func TestRefusals(t *testing.T) {
	f := fakepower.New(time.Now())
	m := power.Of(f)
	if err := m.Restart(power.Request{Delay: -time.Second}); err == nil || f.Scheduled() != nil {
		t.Errorf("a negative delay is taken: %v", err)
	}
	if err := m.Restart(power.Request{Delay: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if err := m.Restart(power.Request{Delay: time.Second}); !errors.Is(err, power.ErrScheduled) || f.Scheduled().Delay != time.Minute {
		t.Errorf("a second restart: got %v, want %v and the first one's delay", err, power.ErrScheduled)
	}
	f.Denies = true
	if err := m.Restart(power.Request{}); !errors.Is(err, power.ErrDenied) {
		t.Errorf("got %v, want %v", err, power.ErrDenied)
	}
	if _, err := m.Abort(); !errors.Is(err, power.ErrDenied) {
		t.Errorf("got %v, want %v", err, power.ErrDenied)
	}
}
