//go:build !windows

package tasks_test

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance/conformtest"
	"github.com/rectify-project/rectify/internal/machine/tasks"
)

func TestFakeConforms(t *testing.T) {
	conformtest.RunFake(t, tasks.Suite(tasks.New(seeded(t))), nil)
}
