package event

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/eventlog"
	"github.com/rectify-project/rectify/internal/machine/eventlog/fakeeventlog"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

// TestQueryAsWindowsShowsIt reads events in the words of EvtRender.
func TestQueryAsWindowsShowsIt(t *testing.T) {
	tests := map[string]struct {
		in   QueryInput
		want string
	}{
		"update-failure": {QueryInput{Channel: "System", Provider: updates, IDs: []uint32{20}},
			`{"count":1,"events":[{"record":41205,"time":"2024-01-10T02:15:01.4Z","id":20,"provider":"Microsoft-Windows-WindowsUpdateClient","level":"error","computer":"DESKTOP-4F2K9QJ","user":"S-1-5-18",` +
				`"data":{"errorCode":"0x8024001E","serviceGuid":"{9482f4b4-e343-43b6-b170-9a65bc822c77}","updateGuid":"{25acae93-40d4-4e62-814c-efb2f29f1bca}","updateRevisionNumber":200,` +
				`"updateTitle":"2024-01 Security Update for Windows 10 Version 22H2 for x64-based Systems (KB5034441)"}}]}`},
		"service": {QueryInput{Channel: "System", Data: map[string]string{"binary": "wuauserv/1"}},
			`{"count":1,"events":[{"record":41204,"time":"2024-01-10T02:15:00.3Z","id":7036,"provider":"Service Control Manager","level":"information","computer":"DESKTOP-4F2K9QJ",` +
				`"data":{"binary":"wuauserv/1","param1":"Windows Update","param2":"stopped"}}]}`},
		"moment-with-nine-digits": {QueryInput{Channel: "System", IDs: []uint32{12}, Data: map[string]string{"StartTime": "2024-01-10T03:00:59.5000000Z"}},
			`{"count":1,"events":[{"record":41209,"time":"2024-01-10T03:01:00.1234567Z","id":12,"provider":"Microsoft-Windows-Kernel-General","level":"information","computer":"DESKTOP-4F2K9QJ","user":"S-1-5-18",` +
				`"data":{"BootMode":"0","BuildVersion":"19045","MajorVersion":"10","MinorVersion":"0","QfeVersion":"3930","ServiceVersion":"0","StartTime":"2024-01-10T03:00:59.5000000Z"}}]}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a, err := plugintest.Serve(t, of(eventlog.From(fakeeventlog.NightMachine()))).Observe("query", running, test.in)
			if err != nil {
				t.Fatal(err)
			}
			if string(a.Value) != test.want || a.Partial != "" {
				t.Errorf("got  %s, partial %q\nwant %s", a.Value, a.Partial, test.want)
			}
		})
	}
}
