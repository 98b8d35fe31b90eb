package host

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// addDistribution makes the folder that the update client keeps its downloads and its report in.
func (m *Machine) addDistribution(files map[string][]byte) {
	const folder = "Windows/SoftwareDistribution/"
	report := slices.Clone(m.history)
	slices.SortStableFunc(report, func(a, b Attempt) int { return cmp.Compare(a.Ended.UnixNano(), b.Ended.UnixNano()) })
	var b strings.Builder
	for i, a := range report {
		b.WriteString(m.reportLine(i, a))
		if a.Update.Package != "" {
			name := sha1.Sum([]byte(a.Update.GUID))
			files[folder+"Download/"+hex.EncodeToString(name[:])+"/"+a.Update.KB+".psf"] = []byte("PSTREAM, a stand-in for the content of the update")
		}
	}
	files[folder+"ReportingEvents.log"] = append([]byte{0xff, 0xfe}, wide(b.String())...)
}

// reportLine is a line of ReportingEvents.log: event 183 is an update that was installed, 182 one that was not.
func (m *Machine) reportLine(i int, a Attempt) string {
	id, result, text := 183, "Success", "Installation Successful: Windows successfully installed the following update: "+a.Update.Title
	if a.Result != 0 {
		id, result = 182, "Failure"
		text = fmt.Sprintf("Installation Failure: Windows failed to install the following update with error 0x%08x: %s.", a.Result, a.Update.Title)
	}
	offset := -m.Zone.Bias
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	local := m.Local(a.Ended)
	stamp := fmt.Sprintf("%s:%03d%c%02d%02d", local.Format("2006-01-02 15:04:05"), local.Nanosecond()/1e6, sign, offset/60, offset%60)
	return strings.Join([]string{
		strings.ToUpper(m.id(fmt.Sprintf("report %d", i))), stamp, "1", fmt.Sprint(id), "101", strings.ToUpper(a.Update.GUID),
		fmt.Sprint(a.Update.Revision), fmt.Sprintf("%x", a.Result), "UpdateOrchestrator", result, "Content Install", text,
	}, "\t") + "\r\n"
}
