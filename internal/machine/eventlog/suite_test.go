package eventlog_test

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestFakeConforms(t *testing.T) {
	conformtest.RunFake(t, eventlog.Suite(fake(t)), nil)
}

// fake is a service with the channels that the suite asks for, which forgets nothing and has words for all.
func fake(t *testing.T) *fakeeventlog.Machine {
	m := fakeeventlog.New()
	c := m.FromFile(t, eventlog.System, log(t, 100, 200))
	c.Words = map[uint64]string{}
	for n := range uint64(300) {
		c.Words[n] = "words"
	}
	m.Add("Security").Denied = true
	m.Add(eventlog.TaskScheduler).Settings.Enabled = false
	return m
}

// TestSuiteFindsTroubles makes a service that lies, and holds that the suite tells.
func TestSuiteFindsTroubles(t *testing.T) {
	lies := map[string]struct {
		lie   func(m *fakeeventlog.Machine)
		check string
	}{
		"deaf":         {func(m *fakeeventlog.Machine) { m.Add(eventlog.TaskScheduler).Deaf = true }, "a channel that is switched off or on reads back as such, and so does its size"},
		"not-a-number": {func(m *fakeeventlog.Machine) { m.Add(eventlog.System).Append("<Event/>") }, "events come oldest first, and newest first where that is asked for"},
		"speechless":   {func(m *fakeeventlog.Machine) { m.FromFile(t, eventlog.System, log(t, 1, 3)) }, "an event of the System channel has the words of its provider"},
		"exists":       {func(m *fakeeventlog.Machine) { m.Add("Rectify-Has-No-Such-Channel/Operational") }, "a channel that does not exist is told from one that is empty"},
		"off":          {func(m *fakeeventlog.Machine) { m.Add(eventlog.System).Settings.Enabled = false }, "a channel tells whether it is on, and how large its log may grow"},
		"down":         {func(m *fakeeventlog.Machine) { m.Down = &eventlog.CallError{Function: "EvtOpenLog", Code: 1722} }, "a log tells how many events it has, from which number on, and its size"},
	}
	for name, l := range lies {
		t.Run(name, func(t *testing.T) {
			m := fake(t)
			l.lie(m)
			for _, c := range eventlog.Suite(m).Checks {
				if c.Name == l.check {
					if f := c.Try(t.Context()); f.Outcome != "differs" {
						t.Errorf("got %+v", f)
					}
					return
				}
			}
			t.Fatalf("no check has the name %q", l.check)
		})
	}
}

func TestSameSize(t *testing.T) {
	if !eventlog.SameSize(1<<20, 1<<20+4<<10) || eventlog.SameSize(1<<20, 2<<20) {
		t.Error("1 MiB with a header is 1 MiB, and 2 MiB are not")
	}
}
