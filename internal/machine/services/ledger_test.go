package services_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/internal/machine/services"
)

func TestEntries(t *testing.T) {
	since := time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)
	e := services.Entry{Held: &services.Held{Start: services.Start{Type: services.Automatic, Delayed: true}, As: services.Disabled}, Ran: true, For: "BITS", Since: since,
		Started: &services.Process{PID: 8, Created: since}}
	s, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := services.DecodeEntry(s)
	if err != nil || *back.Held != *e.Held || !back.Ran || back.For != "BITS" || !back.Since.Equal(since) || !back.Started.Same(*e.Started) {
		t.Errorf("%s reads back as %+v, %v", s, back, err)
	}
	for name, text := range map[string]string{
		"empty": "", "other": "[]", "no-version": "{}", "later": `{"version":2}`, "no-type": `{"version":1,"held":{}}`, "wrong-type": `{"version":1,"held":{"start":{"type":"manual"},"as":"off"}}`,
	} {
		if got, err := services.DecodeEntry(text); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	if es := (services.Entries{"BITS": e}); !es.Of("bits").Owes() || es.Of("wuauserv").Owes() {
		t.Errorf("names count in another case: %+v", es)
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{"wuauserv": true, "MSSQL$A b": true, "": false, `a\b`: false, "a/b": false, "a\x00b": false, strings.Repeat("x", 257): false} {
		if err := services.CheckName(name); (err == nil) != ok {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}

// FuzzDecodeEntry reads what somebody else may have written into the registry.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(`{"version":1,"held":{"start":{"type":"manual"},"as":"disabled"},"ran":true,"since":"2026-01-10T09:00:00Z"}`)
	f.Add(`{"version":1,"started":{"pid":8,"created":"2026-01-10T09:00:00Z"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := services.DecodeEntry(text)
		if err != nil {
			return
		}
		s, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := services.DecodeEntry(s); err != nil {
			t.Errorf("%q cannot be read again: %v", s, err)
		}
	})
}
