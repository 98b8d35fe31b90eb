package file

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// FuzzToken makes sure that no token, whoever has made it, leads out of the disk or breaks an action.
func FuzzToken(f *testing.F) {
	for _, token := range []string{
		`{"version":1,"folder":"C:\\w","from":"a","to":"b","thing":{"name":"a","kind":"file","modified":0}}`,
		`{"version":1,"folder":"C:\\..","from":"secret","to":"b","thing":{"name":"secret","kind":"file","modified":0}}`,
		`{"version":1,"folder":"C:\\w","from":"..\\..\\secret","to":"b","thing":{"kind":"file","modified":0}}`,
		`{"version":1,"folder":"C:\\w","from":"/etc/passwd","to":"b","thing":{"kind":"file","modified":0},"set_aside":true}`,
		`{"version":1,"folder":"C:\\link","from":"secret","to":"b","thing":{"kind":"file","modified":0}}`,
		`{"version":1,"folder":"","from":"a","to":"b"}`,
		`{"version":1,"source":"C:\\w\\a","folder":"C:\\link","name":"secret","content":{"sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b","size":6}}`,
		`{"version":1,"package":"C:\\w\\a","folder":"C:\\","name":"w","content":{"sha256":"2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b","size":6},"members":"*"}`,
		`{"version":1,"package":"C:\\..\\secret","folder":"\\\\?\\C:\\..","name":"link","content":{"sha256":"","size":-1}}`,
	} {
		f.Add(token)
	}
	parent := f.TempDir()
	secret, root := filepath.Join(parent, "secret"), filepath.Join(parent, "disk")
	records := map[string]string{copyRecord: `{"version":1}`, asideRecord: `{"version":1,"name":"..\\..\\secret"}`,
		expandRecord: `{"version":1,"members":[{"name":"../secret","size":6},{"name":"link/secret","size":6},{"name":"a","size":3}]}`}
	f.Fuzz(func(t *testing.T, token string) {
		stateDir := t.TempDir()
		for path, text := range map[string]string{secret: "secret", filepath.Join(root, "w", "a"): "abc"} {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		_ = os.Symlink(parent, filepath.Join(root, "link")) // where there are links
		for name, text := range records {
			if err := os.WriteFile(filepath.Join(stateDir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		on, err := target.Open(target.Spec{Kind: target.Offline, Root: root})
		if err != nil {
			t.Fatal(err)
		}
		defer on.Close()
		call, raw := &sdk.Call{Target: on}, json.RawMessage(token)
		for _, action := range Plugin().Actions {
			// What becomes of a token that could be one is not the question; that it ends here is.
			_, _ = action.Assess(t.Context(), call, raw, stateDir)
			_, _ = action.Undo(t.Context(), call, raw, stateDir)
			_, _ = action.Apply(t.Context(), call, json.RawMessage(`{}`), raw, stateDir)
		}
		if b, err := os.ReadFile(secret); err != nil || string(b) != "secret" {
			t.Fatalf("what is outside of the disk holds %q, %v", b, err)
		}
		if entries, err := os.ReadDir(parent); err != nil || len(entries) != 2 {
			t.Fatalf("beside the disk there are %v, %v", entries, err)
		}
	})
}
