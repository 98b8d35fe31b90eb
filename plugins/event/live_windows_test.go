package event

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

// TestOnThisSystem asks the system that the tests run on. Wine has no event log: what cannot be known there is told with the
// function that failed, and a channel is refused to be switched on before anything is changed.
func TestOnThisSystem(t *testing.T) {
	wine := strings.HasPrefix(verification.System(), "Wine")
	c := plugintest.Serve(t, Plugin())
	refused := func(what string, err error, function string) {
		t.Helper()
		if !wine {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			return
		}
		if e := sdk.AsError(err); err == nil || e.Code != sdk.Unavailable || !strings.Contains(e.Message, function) {
			t.Errorf("%s: got %v, want %s with %s", what, err, sdk.Unavailable, function)
		}
	}
	_, err := c.Observe("query", running, QueryInput{Channel: "System", IDs: []uint32{6005}})
	refused("query", err, "EvtOpenLog failed and gave no reason (error 0)")
	_, err = c.Observe("channel", running, ChannelInput{Channel: "System"})
	refused("channel", err, "EvtOpenLog failed and gave no reason (error 0)")
	_, err = c.Prepare("enable_channel", running, EnableInput{Channel: tasks})
	refused("enable_channel", err, "EvtGetChannelConfigProperty: Call not implemented. (error 120)")
	if wine {
		verification.InPart(t, "a system without an event log is told as such, and its process goes on", "event.query", "event.channel")
		verification.InPart(t, "a system that takes changes of a channel and keeps none is refused before anything is changed", "event.enable_channel")
	}
}
