package registry_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/sdk"
)

const key = `HKLM\SOFTWARE\Vendor\Product`

func nobody(string) {}

// filled is a registry with a key, another below it, and values.
func filled() (*fakeregistry.Registry, *registry.Store) {
	f := fakeregistry.New()
	f.Put(key, registry.TextValue("Name", "x"), registry.Value{Name: "Odd", Type: 0x777, Data: []byte{1}})
	f.Put(key+`\Sub\Deep`, registry.NumberValue("", 1))
	return f, registry.StoreOf(f)
}

func TestResolve(t *testing.T) {
	_, s := filled()
	for path, want := range map[string]string{
		`hkey_local_machine\software\VENDOR\product\`: `HKLM\SOFTWARE\VENDOR\product`,
		`HKLM\SYSTEM\CurrentControlSet\Services`:      `HKLM\SYSTEM\ControlSet001\Services`,
		`HKLM\SYSTEM\currentcontrolset\Services\none`: `HKLM\SYSTEM\ControlSet001\Services\none`,
		`HKU\S-1-5-18\Software`:                       `HKU\.DEFAULT\Software`,
	} {
		if got, err := s.Resolve(path); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", path, got, err, want)
		}
	}
	long := `HKLM\SOFTWARE\` + strings.Repeat("x", 256)
	for _, path := range []string{``, `HKCU\Software`, `HKLM`, `HKLM\SOFTWARE\\x`, "HKLM\\SOFTWARE\\a\x00b", long, `HKLM` + strings.Repeat(`\x`, 600)} {
		var bad *registry.PathError
		if _, err := s.Resolve(path); !errors.As(err, &bad) || registry.Explain(err).Code != sdk.InvalidInput {
			t.Errorf("%.40q: %v", path, err)
		}
	}
}

func TestCreateTellsWhatItMade(t *testing.T) {
	_, s := filled()
	made, err := s.Create(key + `\a\b`)
	if err != nil || !slices.Equal(made, []string{key + `\a`, key + `\a\b`}) {
		t.Errorf("made %q, %v", made, err)
	}
	if made, err = s.Create(strings.ToUpper(key)); err != nil || made != nil {
		t.Errorf("what exists was made: %q, %v", made, err)
	}
	if _, err = s.Create(`HKLM\NOHIVE\x`); !errors.Is(err, registry.ErrNoKey) {
		t.Errorf("below a hive that is not there: %v", err)
	}
	if gone, err := s.DeleteEmpty(key); err != nil || gone {
		t.Errorf("a key that is not empty: %v, %v", gone, err)
	}
	for range 2 {
		if gone, err := s.DeleteEmpty(key + `\a\b`); err != nil || !gone {
			t.Errorf("an empty key: %v, %v", gone, err)
		}
	}
}

func TestNothingIsBelieved(t *testing.T) {
	for call, do := range map[string]func(*registry.Store) error{
		"Create":      func(s *registry.Store) error { _, err := s.Create(key + `\a`); return err },
		"Set":         func(s *registry.Store) error { return s.Set(key, registry.NumberValue("Name", 1)) },
		"DeleteValue": func(s *registry.Store) error { return s.DeleteValue(key, "Name") },
		"DeleteKey":   func(s *registry.Store) error { _, err := s.DeleteEmpty(key + `\Empty`); return err },
		"Secure":      func(s *registry.Store) error { return importedWithRights(t, s) },
	} {
		t.Run(call, func(t *testing.T) {
			f, s := filled()
			f.Put(key + `\Empty`)
			f.Ignore(call)
			var notSo *registry.NotSoError
			if err := do(s); !errors.As(err, &notSo) {
				t.Errorf("got %v", err)
			}
		})
	}
}

const ownRights = "O:SYG:SYD:P(A;CI;KA;;;SY)"

// importedWithRights deletes and imports a key that has rights of its own.
func importedWithRights(t *testing.T, s *registry.Store) error {
	tree, err := s.Export(t.Context(), key)
	if err != nil {
		return err
	}
	tree.Keys[0].Form.Security = ownRights
	if err := s.DeleteTree(tree, nobody); err != nil {
		return err
	}
	return s.Import(t.Context(), tree, nobody)
}

func TestTree(t *testing.T) {
	f, s := filled()
	if made, err := f.Create(key+`\Class`, registry.Form{Class: "secret", Volatile: true}); err != nil || !made {
		t.Fatal(err)
	}
	if err := f.Secure(key+`\Sub`, ownRights); err != nil {
		t.Fatal(err)
	}
	before := f.Image()
	tree, err := s.Export(t.Context(), strings.ToLower(key))
	if err != nil || tree.Name != `HKLM\SOFTWARE\vendor\Product` {
		t.Fatalf("%v: %+v", err, tree)
	}
	if keys, values := tree.Count(); keys != 4 || values != 3 {
		t.Errorf("%d keys, %d values", keys, values)
	}
	file := filepath.Join(t.TempDir(), "export")
	if err := registry.Save(file, tree); err != nil {
		t.Fatal(err)
	}
	kept, err := registry.Load(file)
	if err != nil || kept.Differs(tree) != "" {
		t.Fatalf("read back: %v, %s", err, kept.Differs(tree))
	}
	var deleted []string
	if err := s.DeleteTree(kept, func(path string) { deleted = append(deleted, path) }); err != nil || len(deleted) != 4 {
		t.Fatalf("%v: %q", err, deleted)
	}
	if err := s.DeleteTree(kept, nobody); err != nil {
		t.Errorf("deleted again: %v", err)
	}
	for range 2 {
		if err := s.Import(t.Context(), kept, nobody); err != nil {
			t.Fatal(err)
		}
		if diff := before.Differs(f.Image()); len(diff) > 0 {
			t.Errorf("not as before: %q", diff)
		}
	}
	back, err := s.Export(t.Context(), strings.ToLower(key))
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := tree.Digest()
	two, err2 := back.Digest()
	if err1 != nil || err2 != nil || one != two {
		t.Errorf("digests %s, %s, %v, %v", one, two, err1, err2)
	}
}

func TestWhatOthersAddIsNotDeleted(t *testing.T) {
	for name, add := range map[string]func(*fakeregistry.Registry){
		"key":           func(f *fakeregistry.Registry) { f.Put(key + `\Sub\New`) },
		"value":         func(f *fakeregistry.Registry) { f.Put(key+`\Sub`, registry.NumberValue("New", 1)) },
		"changed-value": func(f *fakeregistry.Registry) { f.Put(key+`\Sub\Deep`, registry.NumberValue("", 2)) },
	} {
		t.Run(name, func(t *testing.T) {
			f, s := filled()
			tree, err := s.Export(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			add(f)
			if err := s.DeleteTree(tree, nobody); !errors.Is(err, registry.ErrChanged) {
				t.Errorf("got %v", err)
			}
			now, err := s.Export(t.Context(), key)
			if err != nil || now.Exceeds(tree) == "" || tree.Differs(now) == "" {
				t.Errorf("%v: what was added is not told", err)
			}
		})
	}
}

func TestNotExportable(t *testing.T) {
	for name, put := range map[string]func(*fakeregistry.Registry){
		"nul-in-a-key":         func(f *fakeregistry.Registry) { f.Put(key + "\\a\x00b") },
		"nul-in-a-value":       func(f *fakeregistry.Registry) { f.Put(key, registry.NumberValue("a\x00b", 1)) },
		"unpaired-surrogate":   func(f *fakeregistry.Registry) { f.Put(key, registry.NumberValue("a\xed\xa0\x80", 1)) },
		"more-than-is-allowed": func(f *fakeregistry.Registry) { f.Put(key, registry.Value{Name: "b", Data: make([]byte, 65<<20)}) },
	} {
		t.Run(name, func(t *testing.T) {
			f, s := filled()
			put(f)
			if _, err := s.Export(t.Context(), key); !errors.Is(err, registry.ErrNotExportable) || registry.Explain(err).Code != sdk.Unsupported {
				t.Errorf("got %v", err)
			}
		})
	}
	_, s := filled()
	for _, path := range []string{`HKLM\SYSTEM\ControlSet001`, `HKLM\SYSTEM`} {
		if _, err := s.Export(t.Context(), path); (err == nil) == (path == `HKLM\SYSTEM`) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLiveKeys(t *testing.T) {
	f, s := filled()
	k, err := s.Key(key)
	if err != nil || k.Written().IsZero() || k.Dirty() != "" || s.Dirty(key) != "" {
		t.Fatalf("%v: %+v", err, k)
	}
	if e := k.Evidence("name"); e.Key != key || e.File != "" || e.Text != "name = x" {
		t.Errorf("evidence %+v", e)
	}
	if v, err := k.Stored("odd"); err != nil || v.Type != 0x777 {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := k.Value("none"); !errors.Is(err, registry.ErrNoValue) {
		t.Errorf("a value that is not there: %v", err)
	}
	if _, err := s.Info("SYSTEM"); err != nil {
		t.Error(err)
	}
	if _, err := s.Info("NOHIVE"); !registry.Absent(err) {
		t.Errorf("a hive that is not there: %v", err)
	}
	tree, err := s.Export(t.Context(), key)
	if err == nil {
		err = s.DeleteTree(tree, nobody)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Value("Name"); !errors.Is(err, registry.ErrNoKey) { // the key went while it was open
		t.Errorf("of a key that is gone: %v", err)
	}
	f.Deny(`HKLM\SYSTEM\Select`)
	if k, err := s.Key(`HKLM\SYSTEM\CurrentControlSet\Control`); err != nil || k.Name() != "Control" {
		t.Errorf("a running Windows knows its control set: %v", err)
	}
	f.Deny(`HKLM\SOFTWARE`)
	var refused *registry.SystemError
	if _, err := s.Key(key); !errors.As(err, &refused) || registry.Absent(err) || registry.Explain(err).Code != sdk.AccessDenied || registry.Explain(err).Hint == "" {
		t.Errorf("denied: %v", err)
	}
}

func TestFlush(t *testing.T) {
	f, s := filled()
	if err := s.Flush(key); err != nil || !slices.Equal(f.Calls(), []string{`Flush HKLM\SOFTWARE`}) {
		t.Errorf("%v: %q", err, f.Calls())
	}
	f.Deny("Flush")
	if err := s.Flush(key); err == nil || registry.Explain(err).Code != sdk.AccessDenied {
		t.Errorf("denied: %v", err)
	}
}

func TestTypes(t *testing.T) {
	for name, test := range map[string]struct {
		value registry.Value
		shown string
	}{
		"text":          {registry.TextValue("", "ü🙂"), "ü🙂"},
		"two-texts":     {registry.Value{Type: hive.SZ, Data: []byte("a\x00\x00\x00b\x00")}, "a"},
		"list":          {registry.ListValue("", []string{"a", "", "b"}), "a; ; b"},
		"number":        {registry.NumberValue("", 255), "255 (0xff)"},
		"number64":      {registry.Number64Value("", 1<<40), "1099511627776 (0x10000000000)"},
		"other-end":     {registry.Value{Type: hive.DWordBE, Data: []byte{0, 0, 1, 0}}, "256 (0x100)"},
		"short":         {registry.Value{Type: hive.QWord, Data: []byte{1}}, "01"},
		"unknown":       {registry.Value{Type: 99, Data: []byte{0xab, 1}}, "ab 01"},
		"odd-text":      {registry.Value{Type: hive.SZ, Data: []byte{'a', 0, 'b'}}, "a"},
		"nothing-there": {registry.Value{Type: hive.MultiSZ}, ""},
	} {
		if got := test.value.Show(); got != test.shown {
			t.Errorf("%s: %q, want %q", name, got, test.shown)
		}
	}
}

func FuzzLoad(f *testing.F) {
	file := filepath.Join(f.TempDir(), "export")
	tree := &registry.Tree{Name: key, Values: []registry.Value{registry.NumberValue("x", 1)}, Keys: []*registry.Tree{{Name: "a"}}}
	if err := registry.Save(file, tree); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("rectify-registry-export 2 \n{}"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "export")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := registry.Load(path)
		if err != nil {
			return
		}
		if _, err := got.Digest(); err != nil || got.Differs(got) != "" {
			t.Errorf("%v: %+v", err, got)
		}
	})
}
