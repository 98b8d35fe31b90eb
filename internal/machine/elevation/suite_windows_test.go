package elevation

import (
	"testing"

	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestSuite(t *testing.T) {
	conformtest.Run(t, Suite(), nil)
}
