package host

import (
	"time"

	"github.com/rectify-project/rectify/internal/forge/evtx"
)

// userSID is the person who works on the machine.
const userSID evtx.SID = "S-1-5-21-1004336348-1177238915-682003330-1105"

// Logon logs that a person was logged on from one time to another.
func (e *Events) Logon(from, to time.Time) {
	e.winlogon(from, 7001, 1101)
	e.winlogon(to, 7002, 1102)
}

func (e *Events) winlogon(t time.Time, id, task uint16) {
	e.add(channelSystem, evtx.Event{
		Provider: "Microsoft-Windows-Winlogon", ProviderGUID: "{dbe9b383-7cf3-4331-91cc-a3cb16a3b538}",
		ID: id, Task: task, Keywords: 0x2000200000000000, Time: t, ProcessID: 680, ThreadID: 1276, UserSID: localSystem,
		EventData: data("TSId", uint32(1), "UserSid", userSID),
	})
}
