package files

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"Windows/Logs/CBS/CBS.log", "Windows/Logs/CBS/CbsPersist_1.log", "Windows/Logs/CBS/CbsPersist_2.cab", "Windows/Logs/CBS/CbsPersist_dir/x"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	to, err := target.Open(target.Spec{Kind: target.Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	const cbs = `C:\Windows\Logs\CBS\`
	tests := map[string]struct {
		patterns []schema.TargetPath
		limit    int
		want     []string
		problem  string
		code     sdk.ErrorCode
	}{
		"several-patterns":  {patterns: []schema.TargetPath{`%SystemRoot%\Logs\CBS\CBS.log`, `%windir%\logs\cbs\cbspersist_*`}, want: []string{cbs + "CBS.log", cbs + "CbsPersist_1.log", cbs + "CbsPersist_2.cab"}},
		"each-once":         {patterns: []schema.TargetPath{`C:\Windows\Logs\CBS\*.log`, `C:\windows\logs\cbs\CBS.log`}, want: []string{cbs + "CBS.log", cbs + "CbsPersist_1.log"}},
		"one-has-no-match":  {patterns: []schema.TargetPath{`C:\none`, `C:\Windows\Logs\CBS\CBS.log`}, want: []string{cbs + "CBS.log"}},
		"no-match":          {patterns: []schema.TargetPath{`C:\none\*`}, code: sdk.Unavailable},
		"only-folders":      {patterns: []schema.TargetPath{`C:\Windows\*`}, code: sdk.Unavailable},
		"more-than-allowed": {patterns: []schema.TargetPath{`C:\Windows\Logs\CBS\*`}, limit: 1, want: []string{cbs + "CbsPersist_2.cab"}, problem: "3 files match, only the last 1"},
		"unknown-variable":  {patterns: []schema.TargetPath{`C:\`, `%None%\x`}, code: sdk.InvalidInput},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.limit == 0 {
				test.limit = 100
			}
			paths, problems, err := Find(to, test.patterns, test.limit)
			if test.code != "" {
				if err == nil || sdk.AsError(err).Code != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			if err != nil || !slices.Equal(paths, test.want) || !strings.Contains(problems.String(), test.problem) {
				t.Errorf("got %q, %s, %v; want %q", paths, &problems, err, test.want)
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var p Problems
	if !p.Empty() {
		t.Error("not empty at first")
	}
	for i := range 1000 {
		p.Add("same")
		p.Add(fmt.Sprint("problem ", i))
	}
	if s := p.String(); strings.Count(s, "same") != 1 || !strings.HasSuffix(s, "and more like these") || len(s) > 200 {
		t.Error(s)
	}
}

func TestFindLinksOut(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "a.log")
	root := t.TempDir()
	if err := os.WriteFile(outside, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "a.log")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(root, "a.log")); err != nil {
		t.Skipf("this system makes no symbolic links, and says that it does: %v", err)
	}
	to, err := target.Open(target.Spec{Kind: target.Offline, Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	_, problems, err := Find(to, []schema.TargetPath{`C:\*.log`}, 10)
	if err == nil || problems.Empty() || !strings.Contains(err.Error(), "a.log") {
		t.Errorf("a link alone: %v, problems %q", err, &problems)
	}
	if err := os.WriteFile(filepath.Join(root, "b.log"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	paths, problems, err := Find(to, []schema.TargetPath{`C:\*.log`}, 10)
	if err != nil || len(paths) != 1 || problems.Empty() {
		t.Errorf("beside a file: %v, %v, problems %q", paths, err, &problems)
	}
}
