//go:build !windows

package processes

import "context"

// Live is this machine. Here each method gives [ErrNotWindows].
func Live() System { return none{} }

type none struct{}

func (none) List(context.Context) ([]Process, error) { return nil, ErrNotWindows }

func (none) Done(uint32) (Work, error) { return Work{}, ErrNotWindows }
