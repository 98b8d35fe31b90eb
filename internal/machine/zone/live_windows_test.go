package zone

import (
	"testing"

	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestThisWindows(t *testing.T) { conformtest.Run(t, Suite(), nil) }
