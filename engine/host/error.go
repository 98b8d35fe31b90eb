package host

import (
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/sdk"
)

// Kind is what went wrong with a plugin.
type Kind string

// The kinds.
const (
	NotFound     Kind = "not_found"     // no plugin or function has this name
	Refused      Kind = "refused"       // the executable may not be launched
	BadManifest  Kind = "bad_manifest"  // what the plugin says of itself does not hold
	InvalidInput Kind = "invalid_input" // the host found the input wrong; nothing was called
	StartTimeout Kind = "start_timeout" // no handshake in time
	Garbage      Kind = "garbage"       // something else than a handshake came
	Mute         Kind = "mute"          // it listens, or says so, and does not answer
	Crashed      Kind = "crashed"       // its process ended
	Protocol     Kind = "protocol"      // an answer, or a version, outside the protocol
	WrongType    Kind = "wrong_type"    // an answer that its schema does not allow
	Flood        Kind = "flood"         // an answer beyond the bounds
	Timeout      Kind = "timeout"       // the call's time was over
	Canceled     Kind = "canceled"      // the caller gave up
	Detached     Kind = "detached"      // the caller gave up on an action that must not be cut off: it goes on, Assess tells
	PluginError  Kind = "plugin_error"  // the plugin answered with an error; Err is its [sdk.Error]
	Closed       Kind = "closed"        // the host is closed
)

// Error is a failure of a plugin or of one call. It names the plugin and its last words.
type Error struct {
	Plugin    string
	Function  string // without the plugin's name; empty when it is not about a call
	Kind      Kind
	Message   string
	LastWords []string // what the plugin wrote to stderr last, oldest first
	Exit      string   // how its process ended: "exit status 3"; empty while it runs
	Err       error    // the cause; nil when there is none beyond Message
}

func (e *Error) Error() string {
	name := e.Plugin
	if e.Function != "" {
		name += "." + e.Function
	}
	var b strings.Builder
	switch e.Kind {
	case PluginError, InvalidInput:
		fmt.Fprintf(&b, "%s: %s", name, e.Message)
		return b.String()
	case NotFound:
		return e.Message
	}
	fmt.Fprintf(&b, "plugin %s: %s", name, e.Message)
	if e.Exit != "" {
		fmt.Fprintf(&b, " (%s)", e.Exit)
	}
	if len(e.LastWords) > 0 {
		shown := e.LastWords[max(0, len(e.LastWords)-shownWords):]
		fmt.Fprintf(&b, "; its last words: %s", strings.Join(shown, " / "))
	}
	return b.String()
}

const shownWords = 3

func (e *Error) Unwrap() error { return e.Err }

// about is the same failure, told of a call.
func (e *Error) about(function string) *Error {
	c := *e
	c.Function = function
	return &c
}

func answered(plugin, function string, err *sdk.Error) *Error {
	return &Error{Plugin: plugin, Function: function, Kind: PluginError, Message: err.Error(), Err: err}
}
