package eventlog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
)

// maxMessage bounds a message, in bytes; evidence is cut there anyway.
const maxMessage = 1000

// Message is an event in one line of English. The log itself holds only the values: the sentences round them stand in
// the provider's message file, in the language of the machine. Events without a sentence here read
// "Provider 123: name=value, name=value".
func Message(r *evtx.Record) string {
	var b strings.Builder
	if template := sentence(r); template != "" {
		fill(&b, template, r)
	} else {
		list(&b, r)
	}
	return oneLine(b.String())
}

// sentence gives the template of an event: {name} stands for a value of that name, {0} for the first value, {name|code}
// for a number that is a result code, {binary} for the text in the Binary element.
func sentence(r *evtx.Record) string {
	switch strings.ToLower(r.Provider) {
	case "service control manager":
		switch r.ID {
		case 7036:
			return "The {param1} service entered the {param2} state ({binary})"
		case 7040:
			return "The start type of the {param1} service was changed from {param2} to {param3} ({param4})"
		}
	case "microsoft-windows-windowsupdateclient":
		switch r.ID {
		case 19:
			return "Installation successful: {updateTitle} {updateGuid}"
		case 20:
			return "Installation failure with error {errorCode|code}: {updateTitle} {updateGuid}"
		case 31:
			return "Download failed with error {errorCode|code}: {updateTitle} {updateGuid}"
		case 41:
			return "An update was downloaded: {updateTitle} {updateGuid}"
		case 43:
			return "Installation started: {updateTitle} {updateGuid}"
		case 44:
			return "Download started: {updateTitle} {updateGuid}"
		}
	case "microsoft-windows-taskscheduler":
		return taskSentence(r.ID)
	case "microsoft-windows-servicing":
		switch r.ID {
		case 1:
			return "Initiating changes for package {PackageIdentifier}: {InitialPackageStateTextized} to {IntendedPackageStateTextized}, client {Client}"
		case 2:
			return "Package {PackageIdentifier} was changed to {IntendedPackageStateTextized}, client {Client}"
		case 3:
			return "Package {PackageIdentifier} failed to be changed to {IntendedPackageStateTextized}: {ErrorCode|code}, client {Client}"
		case 4:
			return "A restart is necessary before package {PackageIdentifier} can be changed to {IntendedPackageStateTextized}, client {Client}"
		}
	case "user32":
		if r.ID == 1074 {
			return "{param1} initiated the {param5} of {param2} for {param7}: {param3}, reason {param4}, comment: {param6}"
		}
	case "eventlog":
		switch r.ID {
		case 6005:
			return "The event log service was started"
		case 6006:
			return "The event log service was stopped"
		case 6008:
			return "The previous shutdown at {0} on {1} was unexpected"
		}
	case "microsoft-windows-kernel-power":
		switch r.ID {
		case 41:
			return "The system restarted without a clean shutdown, bugcheck code {BugcheckCode}"
		case 109:
			return "The kernel power manager initiated a shutdown: action {ShutdownActionType}, reason {ShutdownReason}"
		}
	case "microsoft-windows-kernel-general":
		switch r.ID {
		case 12:
			return "The operating system started at {StartTime}"
		case 13:
			return "The operating system is shutting down at {StopTime}"
		}
	}
	return ""
}

func taskSentence(id uint32) string {
	switch id {
	case 100:
		return "Task {TaskName} started for {UserContext}, instance {InstanceId}"
	case 101:
		return "Task {TaskName} failed to start for {UserContext}: {ResultCode|code}"
	case 102:
		return "Task {TaskName} finished for {UserContext}, instance {InstanceId}"
	case 103:
		return "Action {ActionName} of task {TaskName} failed to start: {ResultCode|code}"
	case 106:
		return "Task {TaskName} was registered by {UserContext}"
	case 107:
		return "Task {TaskName} was launched by a time trigger, instance {InstanceId}"
	case 110:
		return "Task {TaskName} was launched by {UserContext}, instance {InstanceId}"
	case 111:
		return "Task {TaskName} was terminated, instance {InstanceId}"
	case 129:
		return "Task {TaskName} created the process {Path}, id {ProcessID}"
	case 140:
		return "Task {TaskName} was updated by {UserName}"
	case 141:
		return "Task {TaskName} was deleted by {UserName}"
	case 142:
		return "Task {TaskName} was disabled by {UserName}"
	case 200:
		return "Task {TaskName} launched the action {ActionName}, instance {TaskInstanceId}"
	case 201:
		return "Task {TaskName} completed the action {ActionName} with {ResultCode|code}, instance {TaskInstanceId}"
	}
	return ""
}

// fill writes a template with the event's values; a value that the event does not have is a question mark.
func fill(b *strings.Builder, template string, r *evtx.Record) {
	for template != "" {
		text, rest, found := strings.Cut(template, "{")
		b.WriteString(text)
		if !found {
			return
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString(placeholder(name, r))
		template = after
	}
}

func placeholder(name string, r *evtx.Record) string {
	name, code := strings.CutSuffix(name, "|code")
	v, ok := r.Value(name)
	if name == "binary" {
		v, ok = r.BinaryText(), len(r.Binary) > 0
	} else if i, err := strconv.Atoi(name); err == nil && i < len(r.Data) {
		v, ok = r.Data[i].Value, true
	}
	if !ok {
		return "?"
	}
	if code {
		if n, err := strconv.ParseInt(v, 0, 64); err == nil {
			return fmt.Sprintf("0x%08X", uint32(n))
		}
	}
	return v
}

// list writes an event that has no sentence.
func list(b *strings.Builder, r *evtx.Record) {
	fmt.Fprintf(b, "%s %d", r.Provider, r.ID)
	for i, f := range r.Data {
		switch {
		case i == 0:
			b.WriteString(": ")
		default:
			b.WriteString(", ")
		}
		if f.Name != "" {
			b.WriteString(f.Name + "=")
		}
		b.WriteString(f.Value)
		if b.Len() > maxMessage {
			return
		}
	}
}

// oneLine makes one bounded line of text: line ends and tabs become blanks, and the marks of direction that Windows
// puts into dates are left out.
func oneLine(s string) string {
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
