package fakerestorepoint

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance/conformtest"
	"github.com/rectify-project/rectify/internal/machine/restorepoint"
)

func TestSuite(t *testing.T) {
	conformtest.RunFake(t, restorepoint.Suite(&Store{Folder: t.TempDir()}), nil)
	conformtest.RunFake(t, restorepoint.Suite(&Store{Folder: t.TempDir(), Recent: true}), conformtest.Known{"a restore point that is made is listed": "missing: is not listed"})
}
