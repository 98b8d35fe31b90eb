//go:build !windows

package tasks_test

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestFakeConforms(t *testing.T) {
	conformtest.RunFake(t, tasks.Suite(tasks.New(seeded(t))), nil)
}
