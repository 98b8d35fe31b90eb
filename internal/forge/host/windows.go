package host

import (
	"encoding/binary"
	"time"
)

// Windows is an edition and build.
type Windows struct {
	ProductName  string // as the registry has it: that of Windows 11 still says 10
	Edition      string
	Display      string // DisplayVersion; empty where Windows has none
	Release      string // ReleaseId
	Build        uint32
	Revision     uint32 // UBR
	Client       bool   // logs no changes of the state of services
	BuildLab     string
	Installation string
}

// The Windows that the examples run.
var (
	Server2016 = Windows{
		ProductName: "Windows Server 2016 Standard", Edition: "ServerStandard", Release: "1607", Build: 14393, Revision: 4225,
		BuildLab: "14393.4225.amd64fre.rs1_release.210127-1811", Installation: "Server",
	}
	Server2022 = Windows{
		ProductName: "Windows Server 2022 Standard", Edition: "ServerStandard", Display: "21H2", Release: "2009", Build: 20348, Revision: 4529,
		BuildLab: "20348.1.amd64fre.fe_release.210507-1500", Installation: "Server",
	}
	Windows11 = Windows{
		ProductName: "Windows 10 Pro", Edition: "Professional", Display: "23H2", Release: "2009", Build: 22631, Revision: 6199,
		BuildLab: "22621.1.amd64fre.ni_release.220506-1250", Installation: "Client", Client: true,
	}
)

// Zone is a time zone with the clock changes that are in force in it.
type Zone struct {
	Name             string // TimeZoneKeyName
	Resource         int    // of the name of standard time in tzres.dll
	Bias             int    // minutes; UTC = local time + Bias
	Standard         date
	Daylight         date
	daylightBiasMins int
}

// date is TIME_FIELDS: the week of the month that a clock change is in.
type date struct{ month, week, hour uint16 }

// The zones of the examples.
var (
	WEurope = Zone{"W. Europe Standard Time", 322, -60, date{10, 5, 3}, date{3, 5, 2}, -60}
	Pacific = Zone{"Pacific Standard Time", 212, 480, date{11, 1, 2}, date{3, 2, 2}, -60}
)

// local is the wall clock in standard time: the examples lie in winter.
func (z Zone) local(t time.Time) time.Time {
	return t.UTC().Add(-time.Duration(z.Bias) * time.Minute)
}

// bytes is the form in the registry: year, month, day, hour, minute, second, millisecond, weekday; day is the week and
// weekday 0, Sunday.
func (d date) bytes() []byte {
	b := make([]byte, 16)
	binary.LittleEndian.PutUint16(b[2:], d.month)
	binary.LittleEndian.PutUint16(b[4:], d.week)
	binary.LittleEndian.PutUint16(b[6:], d.hour)
	return b
}
