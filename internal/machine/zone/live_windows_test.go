package zone

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance/conformtest"
)

func TestThisWindows(t *testing.T) { conformtest.Run(t, Suite(), nil) }
