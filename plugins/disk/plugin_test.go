package disk

import (
	"testing"

	"github.com/rectify-project/rectify/sdk/plugintest"
)

func TestConform(t *testing.T) { plugintest.Conform(t, Plugin()) }
