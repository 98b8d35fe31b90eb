//go:build !windows

package proxy

// System is the running Windows; nil elsewhere.
func System() Machine { return nil }
