package servicing_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/cab"
	forge "github.com/rectify-project/rectify/internal/forge/cab"
	"github.com/rectify-project/rectify/internal/machine/servicing"
)

const manifest = `<?xml version="1.0" encoding="utf-8"?>
<assembly description="Fix for KB5000802" manifestVersion="1.0" xmlns="urn:schemas-microsoft-com:asm.v3">
  <assemblyIdentity buildType="release" language="neutral" name="Package_for_RollupFix" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" version="19041.867.1.8"/>
  <package applicabilityEvaluation="deep" identifier="KB5000802" releaseType="Security Update" restart="possible">
    <parent buildCompare="EQ"><assemblyIdentity language="neutral" name="Microsoft-Windows-Product" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" version="10.0.19041.1"/></parent>
  </package>
</assembly>`

const answers = `<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend"><servicing><package action="install">
  <assemblyIdentity name="Package_for_RollupFix" version="19041.867.1.8" language="neutral" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"/>
  <source location="%configsetroot%\Windows10.0-KB5000802-x64.CAB"/>
</package></servicing></unattend>`

func pack(t testing.TB, files map[string]string) []byte {
	t.Helper()
	f := forge.Folder{}
	for name, text := range files {
		f.Files = append(f.Files, forge.File{Name: name, Data: []byte(text)})
	}
	b, err := forge.Cabinet{Folders: []forge.Folder{f}}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInspect(t *testing.T) {
	cases := map[string]struct {
		files map[string]string
		want  servicing.Candidate
		err   error
	}{
		"a cab": {map[string]string{"update.mum": manifest, "update.cat": "x"}, servicing.Candidate{Identity: rollup}, nil},
		"an msu": {map[string]string{"Windows10.0-KB5000802-x64.xml": answers, "Windows10.0-KB5000802-x64.cab": "x", "WSUSSCAN.cab": "x"},
			servicing.Candidate{Identity: rollup}, nil},
		"a servicing stack by its component": {map[string]string{"update.mum": manifest, "amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.19041.860_none_1.manifest": "x"},
			servicing.Candidate{Identity: rollup, Permanent: true}, nil},
		"a servicing stack by its name": {map[string]string{"update.mum": replaced(manifest, "Package_for_RollupFix", "Package_for_ServicingStack_860")},
			servicing.Candidate{Identity: "Package_for_ServicingStack_860~31bf3856ad364e35~amd64~~19041.867.1.8", Permanent: true}, nil},
		"a permanent one": {map[string]string{"update.mum": replaced(manifest, `restart="possible"`, `permanence="permanent"`)}, servicing.Candidate{Identity: rollup, Permanent: true}, nil},
		"a language":      {map[string]string{"update.mum": replaced(manifest, `language="neutral" name="Package`, `language="de-DE" name="Package`)}, servicing.Candidate{Identity: "Package_for_RollupFix~31bf3856ad364e35~amd64~de-DE~19041.867.1.8"}, nil},
		"nothing":         {map[string]string{"readme.txt": "x"}, servicing.Candidate{}, servicing.ErrNoIdentity},
		"not XML":         {map[string]string{"update.mum": "x"}, servicing.Candidate{}, servicing.ErrNoIdentity},
		"no identity":     {map[string]string{"update.mum": replaced(manifest, `version="19041.867.1.8"`, "")}, servicing.Candidate{}, servicing.ErrNoIdentity},
		"a wildcard":      {map[string]string{"update.mum": replaced(manifest, `Package_for_RollupFix`, "*")}, servicing.Candidate{}, servicing.ErrNoIdentity},
		"two packages": {map[string]string{"a.xml": answers, "b.xml": replaced(answers, "Package_for_RollupFix", "Package_for_KB5000842")},
			servicing.Candidate{}, servicing.ErrNoIdentity},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := pack(t, c.files)
			got, err := servicing.Inspect(t.Context(), bytes.NewReader(b), int64(len(b)))
			if !errors.Is(err, c.err) || got != c.want {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
	if _, err := servicing.Inspect(t.Context(), bytes.NewReader([]byte("MSWIM")), 5); !errors.Is(err, cab.ErrNotCabinet) {
		t.Errorf("got %v, want %v", err, cab.ErrNotCabinet)
	}
}

func replaced(text, old, new string) string {
	return string(bytes.Replace([]byte(text), []byte(old), []byte(new), 1))
}

func TestIdentity(t *testing.T) {
	for _, s := range []string{rollup, "Microsoft-Windows-Client-LanguagePack-Package~31bf3856ad364e35~amd64~de-DE~10.0.19041.1"} {
		i, err := servicing.ParseIdentity(s)
		if err != nil || i.String() != s {
			t.Errorf("%q is %v, %v", s, i, err)
		}
	}
	for _, s := range []string{"", "*KB5000802*", "Package_for_KB5000802", rollup + " /quiet", rollup + "~x", `a"~31bf3856ad364e35~amd64~~1.0`} {
		if _, err := servicing.ParseIdentity(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
	if got := servicing.KB(single); got != "KB5000842" {
		t.Errorf("got %q", got)
	}
	if got := servicing.KB(rollup); got != "" {
		t.Errorf("got %q", got)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(manifest, true)
	f.Add(answers, false)
	f.Add("<unattend><servicing><package/></servicing></unattend>", false)
	f.Fuzz(func(t *testing.T, text string, mum bool) {
		name := "answers.xml"
		if mum {
			name = "update.mum"
		}
		b := pack(t, map[string]string{name: text})
		c, err := servicing.Inspect(t.Context(), bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if _, err := servicing.ParseIdentity(c.Identity); err != nil {
			t.Errorf("%q is taken for a package: %v", c.Identity, err)
		}
	})
}
