package host

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/rectify-project/rectify/internal/forge/hive"
)

// Hives are the registry hives of the machine by the names of their files in Windows\System32\config.
func (m *Machine) Hives() map[string]*hive.Key {
	return map[string]*hive.Key{"SYSTEM": m.system(), "SOFTWARE": m.software()}
}

func (m *Machine) system() *hive.Key {
	root := &hive.Key{Name: "ROOT", Written: m.Installed}
	root.At("Select").Set(hive.DWord("Current", 1), hive.DWord("Default", 1), hive.DWord("Failed", 0), hive.DWord("LastKnownGood", 1))
	set := root.At("ControlSet001")
	set.At(`Control\ComputerName\ComputerName`).Set(hive.String("", "mnmsrvc"), hive.String("ComputerName", m.Computer))
	set.At(`Control\ComputerName\ActiveComputerName`).Set(hive.String("ComputerName", m.Computer))
	set.At(`Control\TimeZoneInformation`).Set(
		hive.DWord("Bias", uint32(int32(m.Zone.Bias))),
		hive.DWord("ActiveTimeBias", uint32(int32(m.Zone.Bias))),
		hive.DWord("StandardBias", 0),
		hive.DWord("DaylightBias", uint32(int32(m.Zone.daylightBiasMins))),
		hive.String("StandardName", fmt.Sprintf("@tzres.dll,-%d", m.Zone.Resource)),
		hive.String("DaylightName", fmt.Sprintf("@tzres.dll,-%d", m.Zone.Resource-1)),
		hive.Binary("StandardStart", m.Zone.Standard.bytes()),
		hive.Binary("DaylightStart", m.Zone.Daylight.bytes()),
		hive.String("TimeZoneKeyName", m.Zone.Name),
		hive.DWord("DynamicDaylightTimeDisabled", 0),
	)
	set.At(`Control\Windows`).Set(hive.ExpandString("Directory", "%SystemRoot%"), hive.Binary("ShutdownTime", fileTime(m.newest())))
	set.At(`Control\Session Manager`).Set(hive.DWord("ProtectionMode", 1))
	set.At(`Control\Session Manager\Environment`).Set(hive.String("PROCESSOR_ARCHITECTURE", "AMD64"), hive.ExpandString("windir", "%SystemRoot%"))
	set.At(`Services\Tcpip\Parameters`).Set(hive.String("Hostname", m.Computer), hive.String("Domain", "contoso.example"))
	for _, s := range services {
		key := set.At(`Services\`+s.name).Set(
			hive.String("DisplayName", s.resource), hive.DWord("ErrorControl", 1), hive.ExpandString("ImagePath", s.image),
			hive.DWord("Start", s.start), hive.DWord("Type", serviceType(s)), hive.String("ObjectName", s.account),
		)
		if s.group != "" {
			key.Set(hive.String("Group", s.group))
		}
		if s.delayed {
			key.Set(hive.DWord("DelayedAutostart", 1))
		}
		for i, guid := range s.triggers {
			key.At(fmt.Sprintf(`TriggerInfo\%d`, i)).Set(hive.DWord("Type", 20), hive.DWord("Action", 1), hive.Binary("GUID", guidBytes(guid)))
		}
	}
	return root
}

// serviceType is SERVICE_WIN32_OWN_PROCESS or SERVICE_WIN32_SHARE_PROCESS.
func serviceType(s service) uint32 {
	if strings.Contains(s.image, "svchost.exe") {
		return 0x20
	}
	return 0x10
}

func (m *Machine) software() *hive.Key {
	w := m.Windows
	root := &hive.Key{Name: "ROOT", Written: m.Installed}
	build := fmt.Sprint(w.Build)
	current := root.At(`Microsoft\Windows NT\CurrentVersion`).Set(
		hive.String("ProductName", w.ProductName), hive.String("EditionID", w.Edition), hive.String("InstallationType", w.Installation),
		hive.String("CurrentBuild", build), hive.String("CurrentBuildNumber", build), hive.DWord("UBR", w.Revision),
		hive.String("CurrentVersion", "6.3"), hive.DWord("CurrentMajorVersionNumber", 10), hive.DWord("CurrentMinorVersionNumber", 0),
		hive.String("BuildLabEx", w.BuildLab), hive.String("ReleaseId", w.Release), hive.String("SystemRoot", `C:\Windows`),
		hive.DWord("InstallDate", uint32(m.Installed.Unix())), hive.QWord("InstallTime", binary.LittleEndian.Uint64(fileTime(m.Installed))),
		hive.String("RegisteredOwner", "Contoso"),
	)
	if w.Display != "" {
		current.Set(hive.String("DisplayVersion", w.Display))
	}
	root.At(`Microsoft\Cryptography`).Set(hive.String("MachineGuid", strings.Trim(m.id("machine"), "{}")))
	root.At(`Microsoft\Windows\CurrentVersion`).Set(hive.String("ProgramFilesDir", `C:\Program Files`))
	channels := root.At(`Microsoft\Windows\CurrentVersion\WINEVT\Channels`)
	for _, name := range []string{channelSystem, channelSetup, channelTasks, channelUpdate} {
		enabled := uint32(1)
		if name == channelTasks && !m.TaskLog {
			enabled = 0
		}
		channels.At(name).Set(hive.DWord("Enabled", enabled), hive.DWord("Type", 1), hive.DWord("Isolation", 1))
	}
	m.servicingKeys(root.At(`Microsoft\Windows\CurrentVersion\Component Based Servicing`))
	if s := m.server; s != nil {
		use := uint32(0)
		if s.use {
			use = 1
		}
		policy := root.At(`Policies\Microsoft\Windows\WindowsUpdate`).Set(hive.String("WUServer", s.url), hive.String("WUStatusServer", s.url))
		policy.At("AU").Set(hive.DWord("UseWUServer", use), hive.DWord("AUOptions", 4), hive.DWord("ScheduledInstallTime", 3))
	}
	return root
}

// servicingKeys are the packages that are installed.
func (m *Machine) servicingKeys(key *hive.Key) {
	key.Set(hive.DWord("EnableLog", 1))
	key.At("SessionsPending").Set(hive.DWord("Exclusive", 0), hive.DWord("TotalSessionPhases", 0))
	key.At("Packages")
	for _, u := range m.installed {
		key.At(`Packages\`+u.Package).Set(
			hive.String("InstallName", u.Package+".mum"), hive.String("InstallClient", "WindowsUpdateAgent"),
			hive.DWord("CurrentState", 112), hive.DWord("SelfUpdate", 0), hive.DWord("Visibility", 1),
		)
	}
}

// fileTime is FILETIME: 100 ns since 1601.
func fileTime(t time.Time) []byte {
	const to1970 = 116444736000000000
	return binary.LittleEndian.AppendUint64(nil, uint64(t.UnixNano()/100+to1970))
}
