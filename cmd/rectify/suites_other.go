//go:build !windows

package main

import "github.com/rectify-project/rectify/internal/machine/conformance"

// suites are the checks of what plugins take for granted of a running Windows; there is none here.
func suites() []conformance.Suite { return nil }
