package host

import (
	"fmt"
	"time"
)

// Days fills the days from one to another with what happens on every machine: searches for updates that start and stop
// the update service, a definition update a day, services that come and go, tasks of Windows, people who log on. It
// comes after the restarts, whose times it shows.
func (m *Machine) Days(from, to time.Time) {
	day := from.UTC().Truncate(24 * time.Hour)
	for n := 0; day.Before(to); n, day = n+1, day.AddDate(0, 0, 1) {
		clock := func(name string, h, spread int) time.Time { // at about the hour
			s := m.number(fmt.Sprint(name, day.Unix()), uint32(spread)*60)
			return day.Add(time.Duration(h)*time.Hour + time.Duration(s)*time.Second + time.Duration(m.number(name+day.String(), 1e7))*100)
		}
		m.between(from, to, clock("scan", 5, 40), func(t time.Time) { m.search(t, n) })
		m.between(from, to, day.Add(11*time.Hour), m.uptime)
		for i, name := range []string{"WinHttpAutoProxySvc", "AppXSvc", "sppsvc"} {
			if (n+i)%2 == 0 {
				m.between(from, to, clock(name, 8+3*i, 50), func(t time.Time) {
					m.Service(t, name, Running)
					m.Service(t.Add(4*time.Minute), name, Stopped)
				})
			}
		}
		if n%3 == 1 {
			m.between(from, to, clock("logon", 13, 50), func(t time.Time) { m.Logon(t, t.Add(25*time.Minute)) })
		}
		if n%3 == 0 {
			m.between(from, to, clock("defrag", 0, 50), func(t time.Time) {
				m.RunTask(t, 90*time.Second, `\Microsoft\Windows\Defrag\ScheduledDefrag`, 0)
			})
		}
	}
}

// between calls fn if all that it logs lies in the time.
func (m *Machine) between(from, to, t time.Time, fn func(time.Time)) {
	if t.After(from) && t.Add(30*time.Minute).Before(to) {
		fn(t)
	}
}

// search is the daily search for updates, which finds the day's definitions.
func (m *Machine) search(t time.Time, n int) {
	m.RunTask(t.Add(-2*time.Second), 400*time.Millisecond, `\Microsoft\Windows\WindowsUpdate\Scheduled Start`, 0)
	m.Service(t, "wuauserv", Running)
	m.rewritten(t.Add(3*time.Second), `\Microsoft\Windows\WindowsUpdate\Scheduled Start`)
	m.traces.scan(t.Add(5*time.Second), 40*time.Second)
	m.found(t.Add(45*time.Second), 1)
	definitions := Attempt{Update: Defender(300 + 7*n), Downloading: t.Add(50 * time.Second), Installing: t.Add(70 * time.Second), Ended: t.Add(95 * time.Second)}
	m.Events.Attempt(definitions)
	m.history = append(m.history, definitions)
	if n%3 == 0 {
		m.Serve(Session{Client: "WindowsUpdateAgent", From: t.Add(8 * time.Second), To: t.Add(40 * time.Second)})
	}
	m.Service(t.Add(18*time.Minute), "wuauserv", Stopped)
}
