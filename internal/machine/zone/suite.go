package zone

import (
	"context"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite is the checks of what this Windows tells of its time zone. They change nothing.
func Suite() conformance.Suite {
	return conformance.Suite{Name: "time zone", Checks: []conformance.Check{{
		Name: "a running Windows tells its time zone", API: []string{"kernel32!GetDynamicTimeZoneInformation"},
		Serves: []string{"system.info", "log.search", "task.list"},
		Run: func(context.Context) error {
			z, err := ofThisMachine()
			if err != nil {
				return conformance.Missing("%v", err)
			}
			if z.Name == "" {
				return conformance.Differs("it has no name: %+v", z)
			}
			return nil
		},
	}}}
}
