package target

import (
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	for name, c := range map[string]struct {
		name string
		says string // part of the message; empty: allowed
	}{
		"plain":            {"SoftwareDistribution.old-20260110", ""},
		"blank-inside":     {"a b", ""},
		"blank-before":     {" a", ""},
		"dot-before":       {".a", ""},
		"percent":          {"%4%.evtx", ""},
		"other-script":     {"größe 日本", ""},
		"not-a-device":     {"console", ""},
		"longest":          {strings.Repeat("a", 255), ""},
		"empty":            {"", "a name is expected"},
		"self":             {".", "end in a dot"},
		"parent":           {"..", "end in a dot"},
		"backslash":        {`a\b`, "bare name"},
		"slash":            {"a/b", "bare name"},
		"absolute":         {`C:\a`, "bare name"},
		"stream":           {"a:b", "bare name"},
		"wildcard":         {"a*", "bare name"},
		"nul":              {"a\x00", "bare name"},
		"new-line":         {"a\nb", "bare name"},
		"dot-behind":       {"a.", "dot or a blank"},
		"blank-behind":     {"a ", "dot or a blank"},
		"device":           {"NUL", "is a device"},
		"device-extension": {"com1.txt", "is a device"},
		"not-utf8":         {"a\xff", "UTF-8"},
		"too-long":         {strings.Repeat("a", 256), "at most 255"},
		"too-long-pairs":   {strings.Repeat("😀", 128), "at most 255 characters, this one has 256"},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckName(c.name)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("CheckName(%q) = %v, want %q", c.name, err, c.says)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, name string
		want          bool
	}{
		"any-case":     {"*kb*-X64.cab", "Windows10.0-KB5000803-x64.CAB", true},
		"whole":        {"*.cab", "a.cab.txt", false},
		"one":          {"a?c", "abc", true},
		"all":          {"*.*", "name", true},
		"a-separator":  {"*", `a\b`, true},
		"not-a-prefix": {"ab", "abc", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Match(c.pattern, c.name); got != c.want {
				t.Errorf("Match(%q, %q) = %v", c.pattern, c.name, got)
			}
		})
	}
}
