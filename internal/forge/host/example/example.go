// Package example tells what happened on each of the sample machines in examples/hosts. One file tells of one machine.
package example

import (
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/forge/host"
)

// Disk is a sample machine and the name of the folder that it is in.
type Disk struct {
	Name    string
	Machine *host.Machine
}

// Disks are the sample machines, in the order of the README.
func Disks() []Disk {
	return []Disk{
		{"task-interferes", taskInterferes()},
		{"unexpected-restart", unexpectedRestart()},
		{"update-restart", updateRestart()},
		{"wsus-outage", wsusOutage()},
		{"corrupt-download", corruptDownload()},
		{"task-log-off", taskLogOff()},
		{"two-failures", twoFailures()},
		{"healed", healed()},
		{"healthy", healthy()},
	}
}

// installed is when Windows was set up on the sample machines.
var installed = at(6, "07:30:00")

// at is a time on a day of January 2026, in UTC.
func at(day int, clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", fmt.Sprintf("2026-01-%02d %s", day, clock))
	if err != nil {
		panic(err)
	}
	return t
}
