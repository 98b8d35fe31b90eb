// Package elevation tells what this process may do on a Windows machine, and starts the program again with the rights of an
// administrator.
//
// An elevated process inherits neither handles nor environment of the one that asked for it. [Relaunch] and [Join] are the two
// ends of what takes their place: named pipes, and the console where there is one. The elevated side opens nothing that
// somebody without its rights could have chosen: what is redirected into a file is written by the side that was redirected.
package elevation

import (
	"errors"
	"fmt"
)

// Standing is what the process may do.
type Standing struct {
	// Elevated says that it has the full rights of its account.
	Elevated bool
	// Administrator says that its account is one of the machine's administrators, with these rights at hand or held back
	// until somebody consents. Without, [Relaunch] asks for the name and password of one who is.
	Administrator bool
	// System says that it runs as the machine itself: a service, a management agent.
	System bool
	// Remote says that somebody logged on over the network (WinRM, SSH): nobody sits there who could consent.
	Remote bool
	// Account is the security identifier of its account: "S-1-5-21-…-1001".
	Account string
}

// Errors of [Relaunch] that callers branch on.
var (
	// ErrDeclined says that the person who was asked did not consent.
	ErrDeclined = errors.New("the rights of an administrator were declined: nothing was started")
	// ErrRemote says that there is nobody to ask: this is a logon over the network.
	ErrRemote = errors.New("this is a logon over the network, where nobody can be asked for the rights of an administrator: log on as one, or run rectify by a scheduled task or a management agent that has them")
)

// LostError says that the two sides do not find each other: the elevated one has no one to speak to.
type LostError struct {
	Doing string
	Err   error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the elevated process and the one that started it lost each other: %s: %v; start rectify from a prompt that was opened as administrator", e.Doing, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }
