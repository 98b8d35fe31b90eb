package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Service is the Event Log service of a running Windows, as far as it is read. Its methods answer within half a minute or
// fail; their errors are [*CallError], or an sdk.Error where there is no such service.
type Service interface {
	// Query asks for events of a channel.
	Query(q Query) (Result, error)
	// Log tells of the log of a channel. The error is ErrNoChannel, or ErrNoLog where the channel has no log yet.
	Log(channel string) (Log, error)
	// Settings tells how a channel is set. The error is ErrNoChannel where Windows does not know it.
	Settings(channel string) (Settings, error)
}

// Configurer sets a channel.
type Configurer interface {
	// Configure sets whether a channel is on and how large its log may grow, both in one step. No answer of it tells that
	// it was done: read the settings.
	Configure(channel string, enabled bool, maxSize uint64) error
}

// Messenger finds the words of events.
type Messenger interface {
	Messages(channel string) (Messages, error)
}

// Messages are the words that providers have for the events of a channel, in the language of the machine. Close them after
// use.
type Messages interface {
	// Message gives the words of the record with a number.
	Message(ctx context.Context, record uint64) (string, error)
	Close() error
}

// Machine is everything that the Event Log service of a running Windows is asked for.
type Machine interface {
	Service
	Configurer
	Messenger
}

// Query says which events are wanted.
type Query struct {
	Channel string
	// XPath is an expression of the subset that the Event Log service has; "*" selects all.
	XPath string
	// NewestFirst turns the order round, which else is that in which they were logged.
	NewestFirst bool
}

// Result is what a query found, to be read once. Close it after use.
type Result interface {
	// Next gives at least one and at most limit more events. The error is io.EOF behind the last one; ErrStale where the
	// query must be asked anew; ErrTooMuch where the events are too large to be given at once; that of ctx; or another
	// [*CallError].
	Next(ctx context.Context, limit int) ([]Event, error)
	Close() error
}

// Event is one event as the service shows it.
type Event struct {
	XML string
	Err error // why it cannot be shown; the XML is empty then
}

// Log is the log of a channel.
type Log struct {
	Records uint64 // how many there are
	Oldest  uint64 // number of the oldest of them, 0 or any where there is none; numbers go on when a log is cleared or overwritten
	Size    int64  // of the file, in bytes
}

// Settings are how a channel is set.
type Settings struct {
	Enabled bool
	MaxSize uint64 // that the log may grow to, in bytes
	File    string // the log as the settings name it, mostly with %SystemRoot%
	// Direct says that it is an analytic or debug channel: to switch such a one on empties its log.
	Direct bool
}

// What a [*CallError] is.
var (
	ErrNoChannel = errors.New("this Windows has no such channel")
	ErrNoLog     = errors.New("the channel has no log")
	ErrStale     = errors.New("the log has changed since it was asked")
	ErrTooMuch   = errors.New("too much to be given at once")
	// ErrStub says that this Windows does not carry a function out.
	ErrStub = errors.New("not carried out by this Windows")
)

// CallError says that a function of wevtapi.dll failed.
type CallError struct {
	Function string // "EvtQuery"
	Code     uint32 // of winerror.h; 0 where the function gave none
	Text     string // what Windows says of the code
}

func (e *CallError) Error() string {
	if e.Code == 0 {
		return e.Function + " failed and gave no reason (error 0)"
	}
	return fmt.Sprintf("%s: %s (error %d)", e.Function, e.Text, e.Code)
}

// Is sorts the codes.
func (e *CallError) Is(target error) bool {
	switch e.Code {
	case 0, 50, 120, 127: // none, ERROR_NOT_SUPPORTED, ERROR_CALL_NOT_IMPLEMENTED, ERROR_PROC_NOT_FOUND
		return target == ErrStub
	case 2, 3: // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND
		return target == ErrNoLog
	case 5, 1314: // ERROR_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD
		return target == fs.ErrPermission
	case 1734: // RPC_S_INVALID_BOUND
		return target == ErrTooMuch
	case 15000, 15007: // ERROR_EVT_INVALID_CHANNEL_PATH, ERROR_EVT_CHANNEL_NOT_FOUND
		return target == ErrNoChannel
	case 15011, 15012: // ERROR_EVT_QUERY_RESULT_STALE, ERROR_EVT_QUERY_RESULT_INVALID_POSITION
		return target == ErrStale
	}
	return false
}

// SameSize says whether two sizes of a log are the same to Windows, which rounds them to chunks of 64 KiB behind a header.
func SameSize(a, b uint64) bool { return max(a, b)-min(a, b) < 64<<10+4<<10 }
