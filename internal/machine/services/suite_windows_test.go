package services_test

import (
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestWindowsConforms(t *testing.T) {
	m, err := services.Open()
	if err != nil {
		t.Fatal(err)
	}
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine ") {
		known = conformtest.Known{
			"the triggers of a service are read":                    "missing: QueryServiceConfig2, triggers",
			"running dependents are listed":                         "missing: no service depends on RpcSs",
			"an administrator may configure, start and stop UsoSvc": "not applicable: there is no service UsoSvc",
		}
	}
	conformtest.Run(t, services.Suite(m), known)
}
