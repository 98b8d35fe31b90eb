package registry

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
)

// put makes a key and sets values.
func put(t *testing.T, s *registry.Store, key string, values ...registry.Value) {
	t.Helper()
	if _, err := s.Create(key); err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := s.Set(key, v); err != nil {
			t.Fatal(err)
		}
	}
}

// policies is a key with another below it, and values of types that no policy has.
func policies(t *testing.T, s *registry.Store) {
	put(t, s, top+`\Update`, registry.TextValue("WUServer", "http://wsus:8530"), registry.NumberValue("Flags", 7),
		registry.Value{Name: "Odd", Type: 0x777, Data: []byte{1, 2, 3}}, registry.Value{Name: "Nothing", Type: hive.None},
		registry.Value{Name: "Big", Type: hive.Binary, Data: make([]byte, 100_000)})
	put(t, s, top+`\Update\AU`, registry.NumberValue("UseWUServer", 1), registry.TextValue("", "default"))
}

func setting(value, typ string, holds string) json.RawMessage {
	key, err := json.Marshal(top + `\Update`)
	if err != nil {
		panic(err)
	}
	return json.RawMessage(`{"key":` + string(key) + `,"value":"` + value + `","type":"` + typ + `"` + holds + `}`)
}

func below(key, holds string) json.RawMessage {
	path, err := json.Marshal(top + key)
	if err != nil {
		panic(err)
	}
	return json.RawMessage(`{"key":` + string(path) + holds + `}`)
}

// cases are the same for the registry in memory and for that of a Windows.
func cases() map[string]actionCase {
	return map[string]actionCase{
		"change-text":        {action: "set", build: policies, input: setting("WUServer", "text", `,"text":"http://other"`)},
		"change-type":        {action: "set", build: policies, input: setting("wuserver", "expandable_text", `,"text":"%SystemRoot%"`)},
		"change-odd-type":    {action: "set", build: policies, input: setting("Odd", "number", `,"number":1`)},
		"change-large":       {action: "set", build: policies, input: setting("Big", "number64", `,"number":1`)},
		"new-value":          {action: "set", build: policies, input: setting("New", "list", `,"list":["a","b"]`)},
		"default-value":      {action: "set", build: policies, input: setting("", "text", `,"text":"x"`)},
		"new-keys":           {action: "set", input: setting("New", "number", `,"number":4294967295`)},
		"set-already":        {action: "set", build: policies, input: setting("Flags", "number", `,"number":7`), noOp: true},
		"empty-list":         {action: "set", build: policies, input: setting("List", "list", ``)},
		"no-number":          {action: "set", input: setting("x", "number", ``), refuses: sdk.InvalidInput, path: "/number"},
		"text-for-number":    {action: "set", input: setting("x", "number", `,"number":1,"text":"1"`), refuses: sdk.InvalidInput, path: "/text"},
		"number-too-large":   {action: "set", input: setting("x", "number", `,"number":4294967296`), refuses: sdk.InvalidInput, path: "/number"},
		"number-negative":    {action: "set", input: setting("x", "number64", `,"number":-1`), refuses: sdk.InvalidInput, path: "/number"},
		"empty-item":         {action: "set", input: setting("x", "list", `,"list":["a",""]`), refuses: sdk.InvalidInput, path: "/list/1"},
		"text-with-nul":      {action: "set", input: setting("x", "text", `,"text":"a\u0000b"`), refuses: sdk.InvalidInput, path: "/text"},
		"set-of-a-hive":      {action: "set", input: json.RawMessage(`{"key":"HKLM\\SOFTWARE","value":"x","type":"number","number":1}`), refuses: sdk.InvalidInput, path: "/key"},
		"set-without-top":    {action: "set", input: json.RawMessage(`{"key":"SOFTWARE\\x","value":"x","type":"number","number":1}`), refuses: sdk.InvalidInput, path: "/key"},
		"delete-value":       {action: "delete", build: policies, input: below(`\Update`, `,"value":"odd"`)},
		"delete-no-value":    {action: "delete", build: policies, input: below(`\Update`, `,"value":"nope"`), noOp: true},
		"value-of-no-key":    {action: "delete", input: below(`\Update\x`, `,"value":"nope"`), noOp: true},
		"delete-key":         {action: "delete", build: policies, input: below(`\UPDATE`, ``)},
		"delete-no-key":      {action: "delete", build: policies, input: below(`\Other\x`, ``), noOp: true},
		"delete-hive":        {action: "delete", input: json.RawMessage(`{"key":"HKLM\\SOFTWARE"}`), refuses: sdk.InvalidInput, path: "/key"},
		"delete-control-set": {action: "delete", input: json.RawMessage(`{"key":"HKLM\\SYSTEM\\CurrentControlSet"}`), refuses: sdk.InvalidInput, path: "/key"},
	}
}

func fake(t *testing.T) *registry.Store {
	s := registry.StoreOf(fakeregistry.New())
	put(t, s, top, registry.NumberValue("beside", 1))
	return s
}

func TestActions(t *testing.T) {
	for name, c := range cases() {
		t.Run(name, func(t *testing.T) { hold(t, fake, c) })
	}
	verification.ShownByFake(t, "a value is set, read back and given back; a crash at any effect is recovered from", "registry.set")
	verification.ShownByFake(t, "a value or key is deleted and made again as it was; a crash at any effect is recovered from", "registry.delete")
}

// on is a scene in a registry in memory of which parts can be made to fail.
func on(t *testing.T, c actionCase) (*fakeregistry.Registry, *scene) {
	f := fakeregistry.New()
	s := newScene(t, func(*testing.T) *registry.Store {
		store := registry.StoreOf(f)
		put(t, store, top)
		return store
	}, c)
	return f, s
}

// TestReportedAndNotDone has a registry that reports success and does nothing.
func TestReportedAndNotDone(t *testing.T) {
	for call, c := range map[string]actionCase{
		"Create":      {action: "set", input: setting("x", "number", `,"number":1`)},
		"Set":         {action: "set", build: policies, input: setting("Flags", "number", `,"number":1`)},
		"DeleteValue": {action: "delete", build: policies, input: below(`\Update`, `,"value":"Flags"`)},
		"DeleteKey":   {action: "delete", build: policies, input: below(`\Update`, ``)},
	} {
		t.Run(call, func(t *testing.T) {
			f, s := on(t, c)
			s.prepared()
			f.Ignore(call)
			_, err := s.client.Apply(s.action, liveSpec, s.input, s.token, s.state)
			if err == nil || call != "Create" && !strings.Contains(err.Error(), "reports that it is done, but") {
				t.Errorf("got %v", err)
			}
			s.assess(sdk.StateBefore)
		})
	}
}

func TestDenied(t *testing.T) {
	for name, c := range map[string]actionCase{
		"set":    {action: "set", build: policies, input: setting("Flags", "number", `,"number":1`)},
		"delete": {action: "delete", build: policies, input: below(`\Update`, ``)},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := on(t, c)
			s.prepared()
			f.Deny(map[string]string{"set": "Set", "delete": "DeleteKey"}[name])
			_, err := s.client.Apply(s.action, liveSpec, s.input, s.token, s.state)
			if e := sdk.AsError(err); err == nil || e.Code != sdk.AccessDenied || !strings.Contains(e.Hint, "administrator") {
				t.Errorf("got %v", err)
			}
			s.assess(sdk.StateBefore)
			f.Deny(top + `\Update`)
			_, err = s.client.Prepare(s.action, liveSpec, s.input)
			if e := sdk.AsError(err); err == nil || e.Code != sdk.AccessDenied {
				t.Errorf("Prepare: %v", err)
			}
		})
	}
}

// TestChangedBySomebodyElse changes something after the action was prepared, or after it was applied.
func TestChangedBySomebodyElse(t *testing.T) {
	value := registry.NumberValue("Flags", 99)
	for name, c := range map[string]struct {
		actionCase
		applied bool
		meddle  func(t *testing.T, s *registry.Store)
	}{
		"set-before": {actionCase{action: "set", build: policies, input: setting("Flags", "number", `,"number":1`)}, false,
			func(t *testing.T, s *registry.Store) { put(t, s, top+`\Update`, value) }},
		"set-after": {actionCase{action: "set", build: policies, input: setting("Flags", "number", `,"number":1`)}, true,
			func(t *testing.T, s *registry.Store) { put(t, s, top+`\Update`, value) }},
		"set-by-another": {actionCase{action: "set", build: policies, input: setting("Flags", "number", `,"number":99`)}, false,
			func(t *testing.T, s *registry.Store) { put(t, s, top+`\Update`, value) }},
		"value-made-again": {actionCase{action: "delete", build: policies, input: below(`\Update`, `,"value":"Flags"`)}, true,
			func(t *testing.T, s *registry.Store) { put(t, s, top+`\Update`, value) }},
		"key-changed": {actionCase{action: "delete", build: policies, input: below(`\Update`, ``)}, false,
			func(t *testing.T, s *registry.Store) { put(t, s, top+`\Update\AU\New`) }},
		"key-made-again": {actionCase{action: "delete", build: policies, input: below(`\Update`, ``)}, true,
			func(t *testing.T, s *registry.Store) { put(t, s, top+`\Update`, value) }},
		"key-gone": {actionCase{action: "set", build: policies, input: setting("New", "number", `,"number":1`)}, false,
			func(t *testing.T, s *registry.Store) {
				tree, err := s.Export(t.Context(), top+`\Update`)
				if err == nil {
					err = s.DeleteTree(tree, func(string) {})
				}
				if err != nil {
					t.Fatal(err)
				}
			}},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := on(t, c.actionCase)
			s.prepared()
			if c.applied {
				s.apply()
			}
			c.meddle(t, s.store)
			theirs := s.look()
			s.assess(sdk.StateOther)
			if _, err := s.client.Apply(s.action, liveSpec, s.input, s.token, s.state); err == nil || !strings.Contains(err.Error(), "somebody else") {
				t.Errorf("Apply: %v", err)
			}
			_, err := s.client.Undo(s.action, liveSpec, s.token, s.state)
			if (err == nil) == c.applied {
				t.Errorf("Undo: %v", err)
			}
			s.same(theirs, "what refuses")
		})
	}
}

// TestKeysThatOthersUse has a value of somebody else in a key that set has made: the key stays.
func TestKeysThatOthersUse(t *testing.T) {
	_, s := on(t, actionCase{action: "set", input: setting("New", "number", `,"number":1`)})
	s.prepared()
	s.apply()
	put(t, s.store, top+`\Update`, registry.TextValue("theirs", "x"))
	s.undo()
	if v, err := s.store.Stored(top+`\Update`, "theirs"); err != nil || v.Show() != "x" {
		t.Errorf("what somebody else has set is gone: %v", err)
	}
	if _, err := s.store.Stored(top+`\Update`, "New"); !registry.Absent(err) {
		t.Errorf("the value is there: %v", err)
	}
	s.assess(sdk.StateBefore)
}

// TestControlSet deletes below CurrentControlSet, which is a link: the key that it stands for is what is deleted.
func TestControlSet(t *testing.T) {
	_, s := on(t, actionCase{action: "delete", input: json.RawMessage(`{"key":"HKLM\\SYSTEM\\CurrentControlSet\\Services\\x"}`)})
	put(t, s.store, `HKLM\SYSTEM\ControlSet001\Services\x`, registry.NumberValue("Start", 3))
	s.prepared()
	if !strings.Contains(string(s.token), "ControlSet001") {
		t.Errorf("the token is %s", s.token)
	}
	s.apply()
	if _, err := s.store.Key(`HKLM\SYSTEM\ControlSet001\Services\x`); !registry.Absent(err) {
		t.Errorf("it is there: %v", err)
	}
}

func TestLiveRead(t *testing.T) {
	f := fakeregistry.New()
	f.Put(policy, registry.TextValue("WUServer", "http://wsus:8530"), registry.Value{Name: "Odd", Type: 99, Data: []byte{0xab}}, registry.Value{Name: "Short", Type: hive.DWord, Data: []byte{1}})
	client := plugintest.Serve(t, pluginOf(stand{registry.StoreOf(f)}))
	for name, test := range map[string]struct {
		input ReadInput
		want  string
	}{
		"text":    {ReadInput{policy, new("wuserver")}, `"exists":true,"type":"text","text":"http://wsus:8530"`},
		"odd":     {ReadInput{policy, new("odd")}, `"exists":true,"type":"binary","text":"ab"`},
		"nothing": {ReadInput{policy, new("nope")}, `"exists":false`},
		"key":     {ReadInput{policy, nil}, `"values":["Odd","Short","WUServer"]`},
		"no-key":  {ReadInput{policy + `\x`, nil}, `"exists":false`},
		"own-set": {ReadInput{`HKLM\SYSTEM\CurrentControlSet\Control`, nil}, `ControlSet001`},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := client.Observe("read", liveSpec, test.input)
			if err != nil || !strings.Contains(string(a.Value), test.want) || a.Partial != "" {
				t.Errorf("%v: %s", err, a.Value)
			}
		})
	}
	if _, err := client.Observe("read", liveSpec, ReadInput{policy, new("Short")}); err == nil || sdk.AsError(err).Code != sdk.Unavailable {
		t.Errorf("a number that is too short: %v", err)
	}
	f.Deny(`HKLM\SECURITY`)
	if _, err := client.Observe("read", liveSpec, ReadInput{`HKLM\SECURITY\Policy`, nil}); err == nil || sdk.AsError(err).Code != sdk.AccessDenied {
		t.Errorf("denied: %v", err)
	}
	verification.ShownByFake(t, "values and keys are read, and what is denied is told from what is absent", "registry.read")
}

// TestDamagedExport has a state directory whose export was damaged: nothing more is changed.
func TestDamagedExport(t *testing.T) {
	_, s := on(t, actionCase{action: "delete", build: policies, input: below(`\Update`, ``)})
	s.prepared()
	s.apply()
	file := filepath.Join(s.state, exportFile)
	data, err := os.ReadFile(file)
	if err == nil {
		data[len(data)/2] ^= 1
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	theirs := s.look()
	if _, err := s.client.Undo(s.action, liveSpec, s.token, s.state); err == nil || !strings.Contains(err.Error(), "it was changed") {
		t.Errorf("Undo: %v", err)
	}
	s.same(theirs, "what refuses")
}
