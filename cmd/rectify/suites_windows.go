package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/internal/machine/agent"
	"github.com/rectify-project/rectify/internal/machine/agent/processes"
	"github.com/rectify-project/rectify/internal/machine/command"
	"github.com/rectify-project/rectify/internal/machine/conformance"
	"github.com/rectify-project/rectify/internal/machine/elevation"
	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/folders"
	"github.com/rectify-project/rectify/internal/machine/holders"
	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/protection"
	"github.com/rectify-project/rectify/internal/machine/proxy"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/restorepoint"
	"github.com/rectify-project/rectify/internal/machine/services"
	"github.com/rectify-project/rectify/internal/machine/servicing"
	"github.com/rectify-project/rectify/internal/machine/tasks"
	"github.com/rectify-project/rectify/internal/machine/zone"
	"github.com/rectify-project/rectify/plugins/disk"
	"github.com/rectify-project/rectify/plugins/system"
)

// suites are the checks of what plugins, and this program, take for granted of a running Windows.
func suites() []conformance.Suite {
	system32 := filepath.Join(os.Getenv("SystemRoot"), "System32")
	return []conformance.Suite{
		or("version")(system.VersionSuite()),
		or("registry")(registry.Suite()),
		disk.Suite(disk.SystemVolume()),
		zone.Suite(),
		folders.Suite(),
		holders.Suite(holders.Live(), filepath.Join(system32, "ntdll.dll")),
		ofServices(),
		tasks.Suite(tasks.Live()),
		eventlog.Suite(eventlog.Live()),
		agent.Suite(agent.Live()),
		processes.Suite(processes.Live()),
		command.Suite(command.Live()),
		servicing.Suite(servicing.Live().DISM),
		power.Suite(power.Live()),
		restorepoint.Suite(restorepoint.Live()),
		proxy.Suite(proxy.Live()),
		elevation.Suite(),
		protection.Suite(),
		host.Jobs(),
	}
}

// or gives a suite, or one that says why there is none.
func or(name string) func(conformance.Suite, error) conformance.Suite {
	return func(s conformance.Suite, err error) conformance.Suite {
		if err != nil {
			return absent(name, err)
		}
		return s
	}
}

func ofServices() conformance.Suite {
	m, err := services.Open()
	if err != nil {
		return absent("services", err)
	}
	return services.Suite(m)
}

func absent(name string, err error) conformance.Suite {
	return conformance.Suite{Name: name, Checks: []conformance.Check{{Name: "it can be opened", Run: func(context.Context) error { return err }}}}
}
