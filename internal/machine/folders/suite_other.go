//go:build !windows

package folders

import "github.com/rectify-project/rectify/internal/machine/conformance"

// Suite has no checks where there is no running Windows.
func Suite() conformance.Suite { return conformance.Suite{Name: "folders"} }
