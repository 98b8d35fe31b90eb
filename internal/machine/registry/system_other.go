//go:build !windows

package registry

func system() (System, error) { return nil, errNotHere }
