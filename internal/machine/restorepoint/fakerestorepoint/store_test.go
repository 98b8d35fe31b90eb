package fakerestorepoint

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/restorepoint"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestSuite(t *testing.T) {
	conformtest.RunFake(t, restorepoint.Suite(&Store{Folder: t.TempDir()}), nil)
	conformtest.RunFake(t, restorepoint.Suite(&Store{Folder: t.TempDir(), Recent: true}), conformtest.Known{"a restore point that is made is listed": "missing: is not listed"})
}
