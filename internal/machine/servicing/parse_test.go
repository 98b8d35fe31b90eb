package servicing

import (
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2021, month, day, hour, 7, 0, 0, time.UTC)
	}
	cases := map[string]struct {
		stamps []string
		want   time.Time // of the first
	}{
		"American":                  {[]string{"3/15/2021 4:07 PM"}, at(3, 15, 16)},
		"midnight":                  {[]string{"3/15/2021 12:07 AM"}, at(3, 15, 0)},
		"American by another":       {[]string{"3/5/2021 4:07 AM", "3/15/2021 4:07 AM"}, at(3, 5, 4)},
		"Australian by another":     {[]string{"3/5/2021 4:07 AM", "15/3/2021 4:07 AM"}, at(5, 3, 4)},
		"German":                    {[]string{"15.03.2021 04:07"}, at(3, 15, 4)},
		"Swedish":                   {[]string{"2021-03-05 04:07"}, at(3, 5, 4)},
		"Hungarian":                 {[]string{"2021. 03. 05. 4:07"}, at(3, 5, 4)},
		"the same in both orders":   {[]string{"3/3/2021 4:07 AM"}, at(3, 3, 4)},
		"marks of direction":        {[]string{"\u200e3\u200e/\u200e15\u200e/\u200e2021 4:07\u202fPM"}, at(3, 15, 16)},
		"not known":                 {[]string{"3/5/2021 4:07 AM"}, time.Time{}},
		"contradictory":             {[]string{"3/5/2021 4:07 AM", "3/15/2021 4:07 AM", "15/3/2021 4:07 AM"}, time.Time{}},
		"no such day":               {[]string{"2021-02-30 4:07"}, time.Time{}},
		"no such hour":              {[]string{"2021-02-20 24:07"}, time.Time{}},
		"nothing":                   {[]string{""}, time.Time{}},
		"the Buddhist year is none": {[]string{"15/3/64 4:07"}, time.Time{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := orderOf(c.stamps).time(c.stamps[0], time.UTC); !got.Equal(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("\nDeployment Image Servicing and Management tool\n\nPackages listing:\n\nPackage Identity : a~b~c~~1.2\nState : Installed\nRelease Type : Update\nInstall Time : 3/15/2021 4:07 AM\n\nThe operation completed successfully.\n")
	f.Add("Package information:\n\nPackage Identity : a\nState : Staged\nRelease Type : x\n[== 12,5% ]")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parsePackages(text, time.UTC)
		for _, p := range all {
			if err != nil || p.Identity == "" || p.State == "" {
				t.Errorf("a package without identity or state, or with an error: %+v, %v", p, err)
			}
		}
		if h, err := parseHealth(text); (h == "") == (err == nil) {
			t.Errorf("health %q with error %v", h, err)
		}
		if n, ok := Progress(text); ok && (n < 0 || n > 1000) {
			t.Errorf("progress %d", n)
		}
		_ = message(text)
	})
}
