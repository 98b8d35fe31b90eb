package folders_test

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/folders"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestConforms(t *testing.T) {
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine ") {
		known = conformtest.Known{
			"a junction is no way to change something":        "not applicable: there is no",
			"a symbolic link is no way to change something":   "missing: it is made without an error, and not there",
			"a folder in which a file is open is not renamed": "differs: the rename: <nil>",
			"a part of a file that is locked cannot be read":  "differs: to read it: <nil>",
		}
	}
	conformtest.Run(t, folders.Suite(), known)
}
