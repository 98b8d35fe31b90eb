package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/hive"
	"github.com/rectify-project/rectify/internal/machine/conformance"
)

const versionKey = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`

// Reading tries what is taken for granted of reading a registry. It changes nothing.
func Reading(r Reader) conformance.Suite {
	return conformance.Suite{Name: "registry", Checks: []conformance.Check{{
		Name:   "the build of Windows is read",
		API:    []string{"advapi32!RegOpenKeyExW", "advapi32!RegQueryValueExW", "advapi32!RegQueryInfoKeyW"},
		Serves: []string{"registry.read", "system.info", "update.source"},
		Run: func(context.Context) error {
			k, err := Of(r).Key(strings.ToLower(versionKey))
			if err != nil {
				return conformance.Differs("%v", err)
			}
			build, err := k.Text("currentbuildnumber")
			if err != nil || len(build) < 4 {
				return conformance.Differs("the build is %q, %v", build, err)
			}
			if k.Written().IsZero() {
				return conformance.Missing("when the key was last changed is not told")
			}
			return nil
		},
	}, {
		Name: "what is not there is told from what cannot be read", API: []string{"advapi32!RegOpenKeyExW", "advapi32!RegQueryValueExW"},
		Serves: []string{"registry.read", "system.pending_restart", "update.source"},
		Run: func(context.Context) error {
			if _, err := r.Written(versionKey + `\Rectify-no-such-key\below`); !errors.Is(err, ErrNoKey) {
				return conformance.Differs("a key that is not there: %v", err)
			}
			if _, err := r.Value(versionKey, "Rectify-no-such-value"); !errors.Is(err, ErrNoValue) {
				return conformance.Differs("a value that is not there: %v", err)
			}
			return nil
		},
	}, {
		Name: "the keys below a key are listed", API: []string{"advapi32!RegEnumKeyExW"},
		Serves: []string{"registry.read", "update.installed", "system.pending_restart"},
		Run: func(context.Context) error {
			names, err := r.Subkeys(systemHive)
			if err != nil || !strings.Contains(strings.ToLower(strings.Join(names, " ")), "select") {
				return conformance.Differs("%q, %v", names, err)
			}
			return nil
		},
	}, {
		Name: "the values of a key are listed with their types and sizes", API: []string{"advapi32!RegEnumValueW"},
		Serves: []string{"registry.read", "registry.delete"},
		Run: func(context.Context) error {
			entries, err := r.Values(versionKey)
			if err != nil || len(entries) == 0 {
				return conformance.Differs("%d values, %v", len(entries), err)
			}
			for _, e := range entries {
				v, err := r.Value(versionKey, e.Name)
				if err != nil || v.Type != e.Type || len(v.Data) != e.Size {
					return conformance.Differs("%s is listed as a %v of %d bytes, and read as a %v of %d: %v", e.Name, e.Type, e.Size, v.Type, len(v.Data), err)
				}
			}
			return nil
		},
	}, {
		Name: "the current control set is known", API: []string{"advapi32!RegOpenKeyExW"},
		Serves: []string{"registry.read", "system.info", "system.pending_restart"},
		Run: func(context.Context) error {
			k, err := Of(r).Key(systemHive + `\CurrentControlSet\Control`)
			if err != nil || !strings.Contains(k.Path(), `\ControlSet0`) {
				return conformance.Differs("%v", err)
			}
			same, err := r.Written(systemHive + `\CurrentControlSet\Control`)
			if err != nil || !same.Equal(k.Written()) {
				return conformance.Differs("CurrentControlSet was changed at %v, %s at %v, %v", same, k.Path(), k.Written(), err)
			}
			return nil
		},
	}, {
		Name: "the access rights of a key are told", API: []string{"advapi32!GetSecurityInfo", "ntdll!NtQueryKey"},
		Serves: []string{"registry.delete"},
		Run: func(context.Context) error {
			f, err := r.Form(versionKey)
			if err != nil || !strings.Contains(f.Security, "O:") || !strings.Contains(f.Security, "D:") || f.Link {
				return conformance.Differs("%+v, %v", f, err)
			}
			return nil
		},
	}, {
		Name: "a link is told from a key", API: []string{"advapi32!RegOpenKeyExW"},
		Serves: []string{"registry.delete"},
		Run: func(context.Context) error {
			f, err := r.Form(systemHive + `\CurrentControlSet`)
			if err != nil || !f.Link {
				return conformance.Differs("CurrentControlSet is %+v, %v", f, err)
			}
			return nil
		},
	}}}
}

// Changing tries what is taken for granted of changing a registry, below a key that does not exist and is removed again.
func Changing(system System, key string) conformance.Suite {
	s := StoreOf(system)
	check := func(name string, api []string, serves []string, run func(ctx context.Context) error) conformance.Check {
		return conformance.Check{Name: name, API: api, Serves: serves, Changes: true, Run: func(ctx context.Context) (err error) {
			if _, err := s.Create(key); err != nil {
				return conformance.Differs("%v", err)
			}
			defer func() { err = errors.Join(err, sweep(ctx, s, key)) }()
			return run(ctx)
		}}
	}
	setting, deleting := []string{"registry.set"}, []string{"registry.delete"}
	return conformance.Suite{Name: "registry changes", Checks: []conformance.Check{
		check("a key is made level by level", []string{"advapi32!RegCreateKeyExW"}, setting, func(context.Context) error {
			made, err := s.Create(key + `\a\b`)
			if err != nil || len(made) != 2 || !strings.HasSuffix(made[0], `\a`) {
				return conformance.Differs("made %q, %v", made, err)
			}
			if made, err = s.Create(key + `\A\B`); err != nil || len(made) != 0 {
				return conformance.Differs("made again %q, %v", made, err)
			}
			if _, err := system.Create(key+`\no\such`, Form{}); !errors.Is(err, ErrNoKey) {
				return conformance.Differs("below a key that is not there: %v", err)
			}
			return nil
		}),
		check("a value of any type is read back byte for byte", []string{"advapi32!RegSetValueExW", "advapi32!RegQueryValueExW"}, setting, func(context.Context) error {
			for _, v := range everyType() {
				if err := s.Set(key, v); err != nil {
					return conformance.Differs("%v", err)
				}
			}
			return nil
		}),
		check("a value is deleted", []string{"advapi32!RegDeleteValueW"}, append(setting, deleting...), func(context.Context) error {
			if err := s.Set(key, NumberValue("n", 1)); err != nil {
				return conformance.Differs("%v", err)
			}
			if err := s.DeleteValue(key, "N"); err != nil {
				return conformance.Differs("%v", err)
			}
			if err := system.DeleteValue(key, "n"); !errors.Is(err, ErrNoValue) {
				return conformance.Differs("a value that is not there: %v", err)
			}
			return nil
		}),
		check("a key with keys below is not deleted", []string{"advapi32!RegDeleteKeyExW"}, deleting, func(context.Context) error {
			if _, err := s.Create(key + `\a\b`); err != nil {
				return conformance.Differs("%v", err)
			}
			if err := system.DeleteKey(key + `\a`); err == nil || Absent(err) {
				return conformance.Differs("it was deleted: %v", err)
			}
			if err := errors.Join(system.DeleteKey(key+`\a\b`), system.DeleteKey(key+`\a`)); err != nil {
				return conformance.Differs("%v", err)
			}
			if err := system.DeleteKey(key + `\a`); !errors.Is(err, ErrNoKey) {
				return conformance.Differs("a key that is not there: %v", err)
			}
			return nil
		}),
		check("a key is deleted and made again as it was", []string{"advapi32!RegDeleteKeyExW", "advapi32!RegCreateKeyExW", "advapi32!GetSecurityInfo"}, deleting,
			func(ctx context.Context) error { return thereAndBack(ctx, s, key) }),
		check("the lifetime of a key is told", []string{"ntdll!NtQueryKey"}, deleting, func(context.Context) error {
			if _, err := system.Create(key+`\v`, Form{Volatile: true}); err != nil {
				return conformance.Differs("%v", err)
			}
			kept, err := system.Form(key)
			gone, bad := system.Form(key + `\v`)
			if err != nil || bad != nil || kept.Volatile {
				return conformance.Differs("%v, %v", err, bad)
			}
			if !gone.Volatile {
				return conformance.Missing("a key that is gone with the next restart looks like any other")
			}
			return nil
		}),
		check("the class of a key is told", []string{"advapi32!RegQueryInfoKeyW"}, deleting, func(context.Context) error {
			if _, err := system.Create(key+`\c`, Form{Class: "rectify"}); err != nil {
				return conformance.Differs("%v", err)
			}
			if f, err := system.Form(key + `\c`); err != nil || f.Class != "rectify" {
				return conformance.Differs("the class is %q, %v", f.Class, err)
			}
			return nil
		}),
		check("access rights are read back as they were set", []string{"advapi32!RegSetKeySecurity", "advapi32!GetSecurityInfo"}, deleting, func(context.Context) error {
			want := Form{Security: "O:BAG:BAD:P(A;CI;KA;;;BA)(A;CI;KA;;;SY)(A;CI;KR;;;BU)"}
			if err := system.Secure(key, want.Security); err != nil {
				return conformance.Differs("%v", err)
			}
			is, err := system.Form(key)
			if err != nil || !want.same(is) {
				return conformance.Differs("they are %q, %v", is.Security, err)
			}
			return nil
		}),
		check("what was changed can be written to the disk", []string{"advapi32!RegFlushKey"}, append(setting, deleting...), func(context.Context) error {
			if err := s.Flush(key); err != nil {
				return conformance.Differs("%v", err)
			}
			return nil
		}),
	}}
}

// everyType is a value of each type, among them types and data that no program should write.
func everyType() []Value {
	return []Value{
		TextValue("", "default"), TextValue("text", "Ünïcödé 🙂"), ExpandableText("expandable", `%SystemRoot%\x`), NumberValue("number", 1<<31),
		Number64Value("number64", 1<<63), ListValue("list", []string{"a", "b"}), ListValue("no list", nil), {"none", hive.None, nil},
		{"binary", hive.Binary, []byte{0, 1, 255}}, {"unterminated", hive.SZ, []byte{'x', 0, 'y'}}, {"short number", hive.DWord, []byte{1}},
		{"big end", hive.DWordBE, []byte{0, 0, 0, 1}}, {"unknown", 0x12345, []byte("?")}, {"large", hive.Binary, bytes.Repeat([]byte("0123456789"), 20_000)},
	}
}

func thereAndBack(ctx context.Context, s *Store, key string) error {
	for _, v := range everyType() {
		if _, err := s.Create(key + `\a\b`); err != nil {
			return conformance.Differs("%v", err)
		}
		if err := errors.Join(s.Set(key+`\a`, v), s.Set(key+`\a\b`, v)); err != nil {
			return conformance.Differs("%v", err)
		}
	}
	was, err := s.Export(ctx, key+`\a`)
	if err != nil {
		return conformance.Differs("%v", err)
	}
	nobody := func(string) {}
	if err := s.DeleteTree(was, nobody); err != nil {
		return conformance.Differs("%v", err)
	}
	if err := s.Import(ctx, was, nobody); err != nil {
		return conformance.Differs("%v", err)
	}
	return nil
}

// sweep removes what a check has left.
func sweep(ctx context.Context, s *Store, key string) error {
	t, err := s.Export(ctx, key)
	if err == nil {
		err = s.DeleteTree(t, func(string) {})
	}
	if err != nil {
		return fmt.Errorf("%s cannot be removed again: %w", key, err)
	}
	return nil
}

// Suite is the checks of the registry of this machine, of which those that change it are for machines of tests. The error
// wraps [target.ErrNotWindows] where there is none.
func Suite() (conformance.Suite, error) {
	s, err := Live()
	if err != nil {
		return conformance.Suite{}, err
	}
	suite := Reading(s)
	suite.Checks = append(suite.Checks, Changing(s, `HKLM\SOFTWARE\Rectify conformance check`).Checks...)
	return suite, nil
}
