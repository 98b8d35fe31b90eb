//go:build !windows

package agent

import "context"

// Live is the agent of this machine. Here there is none: each method gives [ErrNotWindows].
func Live() Agent { return none{} }

type none struct{}

func (none) History(context.Context, int) (History, error) { return History{}, ErrNotWindows }

func (none) Search(context.Context, Query) (Found, error) { return Found{}, ErrNotWindows }

func (none) Install(context.Context, string, func(Progress)) (Installation, error) {
	return Installation{}, ErrNotWindows
}

func (none) Busy(context.Context) (bool, error) { return false, ErrNotWindows }

func (none) RebootRequired(context.Context) (bool, error) { return false, ErrNotWindows }

func (none) Services(context.Context) ([]Service, error) { return nil, ErrNotWindows }
