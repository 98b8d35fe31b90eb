//go:build !windows

package eventlog

import "github.com/rectify-project/rectify/sdk"

// Live is the Event Log service of this machine, which has none: every method says so.
func Live() Machine { return absent{} }

type absent struct{}

var errNotWindows = sdk.Errorf(sdk.Unsupported, "event channels of a running machine are those of a Windows, and this machine does not run it").
	WithHint("give the disk, or a folder with a copy of Windows\\System32\\winevt\\Logs, as an offline target")

func (absent) Query(Query) (Result, error)          { return nil, errNotWindows }
func (absent) Log(string) (Log, error)              { return Log{}, errNotWindows }
func (absent) Settings(string) (Settings, error)    { return Settings{}, errNotWindows }
func (absent) Configure(string, bool, uint64) error { return errNotWindows }
func (absent) Messages(string) (Messages, error)    { return nil, errNotWindows }
