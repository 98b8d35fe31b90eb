package registry_test

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestThisWindows(t *testing.T) {
	suite, err := registry.Suite()
	if err != nil {
		t.Fatal(err)
	}
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine") {
		known["the lifetime of a key is told"] = "missing: looks like any other"
	}
	conformtest.Run(t, suite, known)
}
