package escalate_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/diagnose"
	"github.com/rectify-project/rectify/engine/escalate"
	"github.com/rectify-project/rectify/engine/fact"
	"github.com/rectify-project/rectify/engine/journal"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/engine/report"
	"github.com/rectify-project/rectify/plugins/disk"
	"github.com/rectify-project/rectify/plugins/dism"
	"github.com/rectify-project/rectify/plugins/event"
	"github.com/rectify-project/rectify/plugins/file"
	"github.com/rectify-project/rectify/plugins/log"
	"github.com/rectify-project/rectify/plugins/network"
	"github.com/rectify-project/rectify/plugins/registry"
	"github.com/rectify-project/rectify/plugins/service"
	"github.com/rectify-project/rectify/plugins/system"
	"github.com/rectify-project/rectify/plugins/task"
	"github.com/rectify-project/rectify/plugins/trace"
	"github.com/rectify-project/rectify/plugins/update"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

var made = time.Date(2026, 1, 16, 11, 30, 0, 0, time.UTC)

const book = "../../playbooks/windows-update/0x8024001e.yaml"

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shipped checks the playbook that ships with the program.
func shipped(t *testing.T) *check.Playbook {
	t.Helper()
	doc, list := playbook.Parse(book, read(t, book))
	p, more := check.Check(doc, check.NewPluginCatalog(disk.Plugin(), dism.Plugin(), event.Plugin(), file.Plugin(), log.Plugin(), network.Plugin(),
		registry.Plugin(), service.Plugin(), system.Plugin(), task.Plugin(), trace.Plugin(), update.Plugin()))
	if list = append(list, more...); list.HasErrors() {
		t.Fatal(list)
	}
	return p
}

// diagnosed diagnoses recorded facts.
func diagnosed(t *testing.T, p *check.Playbook, facts []byte, name string) *report.Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "facts.json")
	if err := os.WriteFile(path, facts, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := fact.LoadBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]any{}
	for _, in := range p.Inputs {
		if in.Default != nil {
			inputs[in.Name] = in.Default
		}
	}
	return report.Build(diagnose.Run(t.Context(), p, b, inputs, b.Now, nil), report.Target{Kind: "bundle", Name: name, Now: b.Now, Clock: "the time of recording"})
}

func record(t *testing.T, n int64, kind journal.Kind, step string, data any) journal.Record {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return journal.Record{Sequence: n, Run: "20260116-1100-abcd", Time: made.Add(-time.Hour), Kind: kind, Step: step, Data: raw, Digest: "9f86d081884c7d65"}
}

// full is a bundle of a run on the machine whose facts were recorded under a name.
func full(t *testing.T, p *check.Playbook, name string) escalate.Contents {
	t.Helper()
	facts := read(t, "../../playbooks/windows-update/testdata/"+name+".json")
	r := diagnosed(t, p, facts, "bundles/"+name+".json")
	seen, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	who := journal.Person{User: `CONTOSO\svc-patch`, Host: "ADMIN-PC3"}
	return escalate.Contents{
		Run: "20260116-1100-abcd", Made: made, Facts: facts, Report: r, Playbook: read(t, book),
		Journal: []journal.Record{
			record(t, 1, journal.Started, "", journal.Start{
				Playbook: p.ID, Title: p.Title, Source: string(read(t, book)), Who: who, Version: "0.4.0",
				Target:  journal.Target{Identity: "5feceb66ffc86f38", Spec: target.Spec{Kind: target.Offline, Root: "/home/erika/disk"}, Name: name},
				Command: []string{"rectify", "run", "0x8024001E", "--root", "/home/erika/disk"}, Plan: json.RawMessage(`{}`), Facts: facts, Report: seen,
			}),
			record(t, 2, journal.Intended, "rename", journal.Intent{
				Uses: "file.rename", Input: json.RawMessage(`{"path":"C:\\Users\\m.mustermann\\x"}`), Token: json.RawMessage(`{"sid":"S-1-5-21-1111-2222-3333-1104"}`),
				StateDir: `C:\ProgramData\Rectify\runs\1`, Summary: "m.mustermann's file", Changes: []sdk.Change{}, Attempt: 1,
			}),
			record(t, 3, journal.Failed, "rename", journal.Failure{Message: `rename C:\Users\m.mustermann\x: \\fs-berlin\profiles is away (10.20.30.40)`}),
			record(t, 4, journal.Stopped, "", journal.Stop{Reason: "failed", Text: "rename failed"}),
		},
		Story: "10:30  Run by CONTOSO\\svc-patch on ADMIN-PC3\n10:31  rename failed: m.mustermann's file at 10.20.30.40\n",
		Say:   "Open a case with Microsoft Support.\nGive them this file.",
		Known: escalate.Known{Users: []string{who.User}, Machines: []string{who.Host}},
	}
}

// written makes a bundle and gives its files.
func written(t *testing.T, c escalate.Contents, o escalate.Options) (names []string, files map[string][]byte, s escalate.Summary) {
	t.Helper()
	var b bytes.Buffer
	s, err := escalate.Write(&b, c, o)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, f := range z.File {
		if !c.Made.IsZero() && !f.Modified.Equal(c.Made) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
	}
	return names, files, s
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *updateGolden {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := bytes.ReplaceAll(read(t, file), []byte("\r\n"), []byte("\n"))
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}
