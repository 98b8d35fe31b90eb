//go:build !windows

package system

import "github.com/rectify-project/rectify/sdk/target"

func thisKernel() (kernel, error) { return kernel{}, target.ErrNotWindows }
