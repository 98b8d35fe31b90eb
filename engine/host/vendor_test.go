package host

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk"
)

// install makes executables of the test binary, named as vendor plugins, and pins them.
func install(t *testing.T, names ...string) (dir string, lock *trust.Lock) {
	t.Helper()
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	dir, lock = t.TempDir(), &trust.Lock{}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		path := executable(dir, name)
		if err := os.WriteFile(path, self, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
		b, err := trust.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		lock.Pin(trust.Pin{Name: name, Version: "1.2.3", Platform: trust.Platform(), SHA256: b.SHA256})
	}
	return dir, lock
}

func executable(dir, name string) string {
	path := filepath.Join(dir, "rectify-plugin-"+name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	return path
}

func vendorHost(t *testing.T, dir string, lock *trust.Lock, cache string) *Host {
	t.Helper()
	checkLeftovers(t)
	h, err := New(Options{VendorDir: dir, Lock: lock, CacheDir: cache, StartTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func TestVendorManifestIsCached(t *testing.T) {
	dir, lock := install(t, "good")
	cache := t.TempDir()
	h := vendorHost(t, dir, lock, cache)
	m, err := h.Manifest(t.Context(), "good")
	if err != nil || m.Version != "1.2.3" || len(m.Probes) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	files, _ := filepath.Glob(filepath.Join(cache, "*"))
	pin, _ := lock.Find("good", trust.Platform())
	if len(files) != 1 || filepath.Base(files[0]) != pin.SHA256+".json" {
		t.Fatalf("the cache holds %v", files)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	summary := func(text string) string {
		t.Helper()
		if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := vendorHost(t, dir, lock, cache).Manifest(t.Context(), "good")
		if err != nil {
			t.Fatal(err)
		}
		return m.Summary
	}
	if got := summary(strings.Replace(string(kept), "Does as it is told", "From the cache", 1)); got != "From the cache" {
		t.Errorf("the plugin was asked again: %s", got)
	}
	for _, damaged := range []string{"", "{", `{"protocol": 1, "name": "other"}`} {
		if got := summary(damaged); got != "Does as it is told" {
			t.Errorf("a damaged cache %q gave %q", damaged, got)
		}
	}
	if now, _ := os.ReadFile(files[0]); !bytes.Equal(now, kept) {
		t.Error("the damaged cache was not replaced")
	}
}

func TestVendorsThatCannotBeUsed(t *testing.T) {
	table := map[string]struct {
		kind  Kind
		words []string
	}{
		"crash_at_start": {Crashed, []string{"cannot open config"}},
		"renamed":        {BadManifest, []string{"somebody_else"}},
		"no_summary":     {BadManifest, []string{"no summary"}},
		"untyped_schema": {BadManifest, []string{"$ref", `"look"`}},
		"invalid_schema": {BadManifest, []string{`"look"`}},
		"no_schema":      {BadManifest, []string{`"look"`}},
		"not_pinned":     {Refused, []string{"rectify plugins lock"}},
		"replaced":       {Refused, []string{"pinned sha256"}},
		"no_program":     {Refused, []string{"cannot be started"}},
	}
	names := []string{"good", "not_pinned"}
	for name := range table {
		if name != "not_pinned" {
			names = append(names, name)
		}
	}
	dir, all := install(t, names...)
	lock := &trust.Lock{}
	for _, p := range all.Pins() {
		if p.Name == "no_program" {
			if err := os.WriteFile(executable(dir, p.Name), []byte("neither fish nor flesh"), 0o755); err != nil {
				t.Fatal(err)
			}
			b, err := trust.Read(executable(dir, p.Name))
			if err != nil {
				t.Fatal(err)
			}
			p.SHA256 = b.SHA256
		}
		if p.Name != "not_pinned" {
			lock.Pin(p)
		}
	}
	f, err := os.OpenFile(executable(dir, "replaced"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("and a bit more")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	listed := vendorHost(t, dir, lock, t.TempDir()).Plugins(t.Context())
	if len(listed) != len(names) {
		t.Fatalf("%d of %d are listed", len(listed), len(names))
	}
	for _, p := range listed {
		t.Run(p.Name, func(t *testing.T) {
			if p.Origin != Vendor || p.Path != executable(dir, p.Name) {
				t.Errorf("origin %s, path %s", p.Origin, p.Path)
			}
			x, bad := table[p.Name]
			if bad {
				want(t, p.Err, x.kind, x.words...)
			} else if p.Err != nil || p.SHA256 == "" || p.Manifest.Version != "1.2.3" {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestReplacedBetweenTwoStarts(t *testing.T) {
	dir, lock := install(t, "good")
	h := vendorHost(t, dir, lock, t.TempDir())
	greet := func() error {
		_, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "greet"}, Events{})
		return err
	}
	if err := greet(); err != nil {
		t.Fatal(err)
	}
	_, err := h.Observe(t.Context(), "good.do", live, map[string]any{"what": "exit"}, Events{})
	want(t, err, Crashed)
	if err := os.Remove(executable(dir, "good")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(executable(dir, "good"), []byte("#!/bin/sh\ntouch owned\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, greet(), Refused, "not the executable that was pinned")
}

func TestNewRefuses(t *testing.T) {
	dir, lock := install(t, "good")
	for name, x := range map[string]struct {
		options Options
		tells   string
	}{
		"name-of-a-linked-one": {Options{Linked: []sdk.Plugin{testPlugin("good")}, ServeArgs: serveArgs, VendorDir: dir, Lock: lock}, "has the name of a plugin that is built in"},
		"two-of-a-name":        {Options{Linked: []sdk.Plugin{testPlugin("x"), testPlugin("x")}, ServeArgs: serveArgs}, `"x"`},
		"no-folder":            {Options{VendorDir: filepath.Join(dir, "none")}, "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(x.options); err == nil || !strings.Contains(err.Error(), x.tells) {
				t.Errorf("got %v, want it to tell %q", err, x.tells)
			}
		})
	}
}
