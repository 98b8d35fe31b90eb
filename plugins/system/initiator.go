package system

import (
	"slices"
	"strconv"
	"strings"
)

// updatePrograms are those of Windows Update and servicing, in lower case without extension.
var updatePrograms = []string{
	"mousocoreworker", "usocoreworker", "usoclient", "usosvc", "wuauclt", "wuaucltcore", "tiworker", "trustedinstaller", "poqexec",
	"musnotification", "musnotificationux", "musnotifyicon", "monotificationux", "updatenotificationmgr",
}

// hostPrograms are those of Windows that restart on behalf of others: the reason that they give tells for whom.
var hostPrograms = []string{
	"svchost", "winlogon", "wininit", "services", "csrss", "logonui", "explorer", "runtimebroker",
	"startmenuexperiencehost", "shellexperiencehost", "systemsettings",
}

// ask takes over what event 1074 says of who and why. Its values are, in this order: process with computer in
// brackets, computer, reason in words, reason code, kind of shutdown in words, comment, user. They are named param1 to
// param7, and not at all up to Windows 8.
func (d *down) ask(e *event) {
	value := func(i int) string {
		if len(e.record.Data) < i {
			return ""
		}
		return strings.TrimSpace(e.record.Data[i-1].Value)
	}
	d.Asked = e.record.Time
	d.Process, d.User, d.Reason, d.Comment = value(1), value(7), value(3), value(6)
	if i := strings.LastIndex(d.Process, " ("); i > 0 && strings.HasSuffix(d.Process, ")") {
		d.Process = d.Process[:i]
	}
	code, err := strconv.ParseUint(value(4), 0, 32)
	if err == nil {
		d.ReasonCode = "0x" + strings.ToUpper(strconv.FormatUint(code|1<<32, 16)[1:])
	}
	if d.Kind == "" || d.Kind == "unknown" {
		d.Kind = kindInWords(value(5))
	}
	d.Evidence = append(d.Evidence, e.evidence)
	switch {
	case d.Process == "":
		d.initiated("unknown")
	case byUpdate(d.Process, uint32(code)):
		d.initiated("windows_update")
	default:
		d.initiated("other")
	}
}

func (d *down) initiated(by string) {
	d.Initiator = by
	d.ByWindowsUpdate = nil
	if by != "unknown" {
		yes := by == "windows_update"
		d.ByWindowsUpdate = &yes
	}
}

// kindInWords knows the words of an English Windows; the others are told by Kernel-Power 109.
func kindInWords(word string) string {
	switch strings.ToLower(word) {
	case "restart":
		return "restart"
	case "shutdown", "shut down", "power off":
		return "shutdown"
	}
	return "unknown"
}

// byUpdate says whether Windows Update asked: by the program, or by the reason where the program acts for others.
func byUpdate(process string, reason uint32) bool {
	name := strings.ToLower(process[strings.LastIndexAny(process, `\/`)+1:])
	name = strings.TrimSuffix(name, ".exe")
	return slices.Contains(updatePrograms, name) || slices.Contains(hostPrograms, name) && servicingReason(reason)
}

// servicingReason says whether a reason code (reason.h, SHTDN_REASON_…) is of operating system servicing.
func servicingReason(code uint32) bool {
	const majorOperatingSystem = 0x00020000
	if code&0x00FF0000 != majorOperatingSystem {
		return false
	}
	switch code & 0xFFFF {
	case 0x03, // upgrade
		0x10, 0x16, // service pack, and its removal
		0x11, 0x17, // hotfix
		0x12, 0x18: // security fix
		return true
	}
	return false
}
