package escalate_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/escalate"
	"github.com/rectify-project/rectify/engine/report"
)

// private is what the recorded machines, and the run of [full], must not tell. It is looked for in all files, byte by
// byte and in any case, by means that know nothing of how names are found.
var private = []string{
	"svc-patch", "svc-backup", "contoso", `\\backup\\`, `\lab"`, "SRV-", "PC-LAB06", "wsus.contoso", // of the recorded facts
	"ADMIN-PC3", "erika", "mustermann", "fs-berlin", "1111-2222-3333", "10.20.30.40", // of the run
}

// TestRecordedMachines makes bundles of machines whose facts were recorded, and looks for their names in every file.
func TestRecordedMachines(t *testing.T) {
	p := shipped(t)
	paths, err := filepath.Glob("../../playbooks/windows-update/testdata/*.json")
	if err != nil || len(paths) < 9 {
		t.Fatalf("%d recorded machines, %v", len(paths), err)
	}
	computer := regexp.MustCompile(`"computer": "([^"]+)"`)
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			c := full(t, p, name)
			look := slices.Clone(private)
			for _, m := range computer.FindAllSubmatch(c.Facts, -1) {
				look = append(look, string(m[1]))
			}
			if len(look) == len(private) {
				t.Fatal("the facts name no computer")
			}
			names, files, s := written(t, c, escalate.Options{})
			for _, name := range names {
				for _, secret := range look {
					if bytes.Contains(bytes.ToLower(files[name]), []byte(strings.ToLower(secret))) {
						t.Errorf("%s is left in %s: …%s…", secret, name, around(files[name], secret))
					}
				}
				if strings.HasSuffix(name, ".json") && !json.Valid(files[name]) {
					t.Errorf("%s is no JSON", name)
				}
			}
			for i, line := range bytes.Split(bytes.TrimSpace(files["journal.jsonl"]), []byte("\n")) {
				if !json.Valid(line) {
					t.Errorf("line %d of the journal is no JSON", i+1)
				}
			}
			if len(s.Redacted) < 3 || len(s.Kept) == 0 {
				t.Errorf("the summary is %+v", s)
			}
			sameVerdicts(t, p, c.Report, files["facts.json"])
			lines(t, files["README.txt"])
		})
	}
}

func around(data []byte, secret string) []byte {
	i := bytes.Index(bytes.ToLower(data), []byte(strings.ToLower(secret)))
	return data[max(0, i-60):min(len(data), i+60)]
}

// sameVerdicts makes sure that redacted facts are still facts: they can be diagnosed, and tell the same.
func sameVerdicts(t *testing.T, p *check.Playbook, want *report.Report, facts []byte) {
	t.Helper()
	got := diagnosed(t, p, facts, "redacted")
	if got.Outcome != want.Outcome || len(got.Causes) != len(want.Causes) {
		t.Fatalf("the redacted facts are %s with %d causes, want %s with %d", got.Outcome, len(got.Causes), want.Outcome, len(want.Causes))
	}
	for i, c := range want.Causes {
		if got.Causes[i].Verdict != c.Verdict {
			t.Errorf("of the redacted facts %s is %s, want %s", c.Name, got.Causes[i].Verdict, c.Verdict)
		}
	}
}

// lines holds a text to 80 columns.
func lines(t *testing.T, text []byte) {
	t.Helper()
	for _, line := range strings.Split(string(text), "\n") {
		if len([]rune(line)) > 80 || strings.TrimRight(line, " ") != line {
			t.Errorf("too long, or with blanks at its end: %q", line)
		}
	}
}

// TestConsistency makes sure that what belongs together can still be told: the same name has the same pseudonym in all
// files, different ones have different ones.
func TestConsistency(t *testing.T) {
	_, files, _ := written(t, full(t, shipped(t), "unexpected-restart"), escalate.Options{})
	var start struct {
		Data struct {
			Who struct{ User, Host string }
		}
	}
	first, _, _ := bytes.Cut(files["journal.jsonl"], []byte("\n"))
	if err := json.Unmarshal(first, &start); err != nil {
		t.Fatal(err)
	}
	who := start.Data.Who
	if !regexp.MustCompile(`^domain-\d+\\user-\d+$`).MatchString(who.User) || !regexp.MustCompile(`^machine-\d+$`).MatchString(who.Host) {
		t.Fatalf("the run is of %+v", who)
	}
	if want := "Run by " + who.User + " on " + who.Host + "\n"; !bytes.Contains(files["story.txt"], []byte(want)) {
		t.Errorf("the story does not say %q:\n%s", want, files["story.txt"])
	}
	computer := regexp.MustCompile(`"computer": "(machine-\d+)"`).FindSubmatch(files["facts.json"])
	if computer == nil || string(computer[1]) == who.Host {
		t.Errorf("the computer is %q, the host %q", computer, who.Host)
	}
	if !bytes.Contains(files["report.json"], append([]byte("restart of "), computer[1]...)) {
		t.Errorf("the report has not the restart of %s", computer[1])
	}
}
