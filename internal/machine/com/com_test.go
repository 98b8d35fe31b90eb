package com

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestFromDate(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("this system has no table of time zones: %v", err)
	}
	for name, c := range map[string]struct {
		days float64
		in   *time.Location
		want string // empty: no date
	}{
		"none":                 {0, time.UTC, ""},
		"nan":                  {math.NaN(), time.UTC, ""},
		"infinite":             {math.Inf(1), time.UTC, ""},
		"beyond-the-years":     {3e6, time.UTC, ""},
		"before-the-years":     {-7e5, time.UTC, ""},
		"a-day":                {1, time.UTC, "1899-12-31T00:00:00Z"},
		"noon":                 {45444.5, time.UTC, "2024-06-01T12:00:00Z"},
		"to-the-second":        {45444 + 46801.0/86400, time.UTC, "2024-06-01T13:00:01Z"},
		"with-a-part":          {45444 + 46801.25/86400, time.UTC, "2024-06-01T13:00:01.25Z"},
		"rounded-to-midnight":  {45444.9999999999, time.UTC, "2024-06-02T00:00:00Z"},
		"negative-day":         {-1.25, time.UTC, "1899-12-29T06:00:00Z"},
		"only-a-time-of-day":   {0.25, time.UTC, "1899-12-30T06:00:00Z"},
		"local-in-summer":      {45444.5, berlin, "2024-06-01T12:00:00+02:00"},
		"local-in-winter":      {45292.5, berlin, "2024-01-01T12:00:00+01:00"},
		"day-of-the-change":    {45382.5, berlin, "2024-03-31T12:00:00+02:00"},
		"never-ran":            {36494, time.UTC, "1999-11-30T00:00:00Z"},
		"last-moment-of-a-day": {45444 + 86399.0/86400, time.UTC, "2024-06-01T23:59:59Z"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := FromDate(c.days, c.in)
			if ok != (c.want != "") || ok && got.Format(time.RFC3339Nano) != c.want {
				t.Errorf("%v: got %s, %v; want %q", c.days, got.Format(time.RFC3339Nano), ok, c.want)
			}
		})
	}
}

func TestError(t *testing.T) {
	for name, c := range map[string]struct {
		err  Error
		want string
	}{
		"in-the-tables":      {Error{"ITaskService.Connect", AccessDenied}, "ITaskService.Connect: 0x80070005 (E_ACCESSDENIED)"},
		"of-com":             {Error{"CoCreateInstance X", NotRegistered}, "CoCreateInstance X: 0x80040154 (REGDB_E_CLASSNOTREG)"},
		"of-the-rpc-runtime": {Error{"ITaskService.Connect", NoServer}, "ITaskService.Connect: 0x800706BA (RPC_S_SERVER_UNAVAILABLE)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.err.Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if code, ok := CodeOf(fmt.Errorf("somewhere: %w", &c.err)); !ok || code != c.err.Code {
				t.Errorf("code %v, %v", code, ok)
			}
		})
	}
	if _, ok := CodeOf(errors.New("no code")); ok {
		t.Error("an error without a code has one")
	}
	if got := (&Error{"M", 0x8FFF1234}).Error(); !strings.HasPrefix(got, "M: 0x8FFF1234") || strings.HasSuffix(got, ".") {
		t.Errorf("a code that nobody knows: %q", got)
	}
}
