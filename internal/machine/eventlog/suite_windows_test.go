package eventlog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk"
)

// TestThisMachineConforms tries the Event Log service of this system. Wine's fails without a reason where it is first asked.
func TestThisMachineConforms(t *testing.T) {
	known := conformtest.Known{}
	if onWine() {
		known = conformtest.Known{
			"a log tells how many events it has, from which number on, and its size":        "missing: EvtOpenLog failed and gave no reason (error 0)",
			"events come oldest first, and newest first where that is asked for":            "missing: EvtQuery failed and gave no reason (error 0)",
			"a query by identifier, time and number gives just these events":                "missing: EvtQuery failed and gave no reason (error 0)",
			"a query ends when it is called off":                                            "missing: EvtQuery failed and gave no reason (error 0)",
			"a channel that does not exist is told from one that is empty":                  "missing: EvtOpenLog failed and gave no reason (error 0)",
			"what may not be read is told as such":                                          "missing: EvtQuery failed and gave no reason (error 0)",
			"a channel tells whether it is on, and how large its log may grow":              "missing: EvtGetChannelConfigProperty: Call not implemented. (error 120)",
			"an event of the System channel has the words of its provider":                  "missing: EvtQuery failed and gave no reason (error 0)",
			"a channel that is switched off or on reads back as such, and so does its size": "missing: EvtGetChannelConfigProperty: Call not implemented. (error 120)",
		}
	}
	conformtest.Run(t, eventlog.Suite(eventlog.Live()), known)
}

func onWine() bool { return strings.HasPrefix(verification.System(), "Wine") }

// TestWineRefuses holds that what Wine does not carry out is told, and does not end the process.
func TestWineRefuses(t *testing.T) {
	if !onWine() {
		t.Skipf("%s has a whole Event Log service", verification.System())
	}
	_, err := eventlog.Open(live(t), eventlog.System)
	if e := sdk.AsError(err); e.Code != sdk.Unavailable || !strings.Contains(e.Message, "EvtOpenLog failed and gave no reason (error 0)") {
		t.Errorf("got %v", err)
	}
	var missing *eventlog.MissingError
	if errors.As(err, &missing) {
		t.Error("a channel that cannot be asked for is told as missing")
	}
	if _, _, err := eventlog.Enabled(live(t), eventlog.TaskScheduler); sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("got %v", err)
	}
	// Wine takes every change of a channel's settings, and cannot tell what they are: nothing is believed of it.
	if err := eventlog.Live().Configure(eventlog.TaskScheduler, true, 1<<20); err != nil {
		t.Logf("not taken any more: %v", err)
	}
}
