//go:build !windows

package holders

import "context"

type system struct{}

// Live asks Restart Manager of the running Windows; elsewhere every answer is [ErrNotWindows].
func Live() Asker { return system{} }

func (system) Holding(context.Context, []string) ([]Holder, error) { return nil, ErrNotWindows }
