package elevation

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/conformance/conformtest"
)

func TestSuite(t *testing.T) {
	conformtest.Run(t, Suite(), nil)
}
