package proxy

import "context"

// still is a machine whose settings do not change.
type still struct {
	static Settings
	kept   Stored
	err    error
}

func (s still) WinHTTP(context.Context) (Settings, error) { return s.static, s.err }
func (s still) Stored(context.Context) (Stored, error)    { return s.kept, s.err }
func (s still) Run(context.Context, string, Settings) (Settings, error) {
	return Settings{}, ErrNoScript
}
