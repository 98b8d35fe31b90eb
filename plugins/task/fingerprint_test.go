package task

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestMaterialState(t *testing.T) {
	of := func(xml string) any {
		t.Helper()
		fake := withTasks(t)
		if err := fake.Register(t.Context(), nightly, xml); err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(prepared(t, fake, "disable", nightly).prepared.Material, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := exported("true", "cmd.exe")
	was := of(first)
	for name, c := range map[string]struct {
		xml  string
		same bool
	}{
		"laid-out-otherwise": {strings.ReplaceAll(first, "\n", "\r\n\t"), true},
		"another-prolog":     {strings.Replace(first, ` encoding="UTF-16"`, "", 1), true},
		"a-comment":          {strings.Replace(first, "<Settings>", "<!-- x --><Settings>", 1), true},
		"disabled":           {exported("false", "cmd.exe"), false},
		"another-program":    {exported("true", "other.exe"), false},
		"another-setting":    {strings.Replace(first, "StopOnIdleEnd>true", "StopOnIdleEnd>false", 1), false},
		"another-time":       {strings.Replace(first, "PT30M", "PT31M", 1), false},
		"a-trigger-off":      {strings.Replace(first, "<Enabled>true</Enabled>\n    </TimeTrigger>", "<Enabled>false</Enabled></TimeTrigger>", 1), false},
		"another-attribute":  {strings.Replace(first, `id="Author"`, `id="Other"`, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.xml == first {
				t.Fatal("nothing was changed")
			}
			if got := of(c.xml); reflect.DeepEqual(got, was) != c.same {
				t.Errorf("same %v, want %v: %v and %v", !c.same, c.same, got, was)
			}
		})
	}
	enabled, err := fingerprint(first)
	disabled, bad := fingerprint(exported("false", "cmd.exe"))
	if err != nil || bad != nil || enabled != disabled {
		t.Errorf("the fingerprint rests on whether the task is enabled: %v, %v", err, bad)
	}
}

func FuzzFingerprint(f *testing.F) {
	f.Add(exported("true", "cmd.exe"))
	f.Add("<Task><Settings><Enabled>x</Enabled></Settings></Task>")
	f.Add("<a><b></a>")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := fingerprint(text)
		if (got == "") == (err == nil) {
			t.Errorf("%q and %v", got, err)
		}
	})
}
