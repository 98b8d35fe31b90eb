//go:build !windows

package proxy

// Live is the running Windows; nil elsewhere.
func Live() Machine { return nil }
