//go:build !windows

package restorepoint

import "context"

// System is that of this machine; here, nothing that works.
func System() Store { return nowhere{} }

type nowhere struct{}

func (nowhere) List(context.Context) ([]Point, error)         { return nil, ErrNotWindows }
func (nowhere) Create(context.Context, string) (int64, error) { return 0, ErrNotWindows }
