package servicing_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/servicing"
)

// TestIdentitiesOfRealLogs holds that the identities which real servicing logs name are taken for such.
func TestIdentitiesOfRealLogs(t *testing.T) {
	corpus := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	var logs []string
	for _, pattern := range []string{"dism/*.log", "cbs/*.log"} {
		found, err := filepath.Glob(filepath.Join(corpus, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		logs = append(logs, found...)
	}
	if len(logs) == 0 {
		t.Skip("the real logs are not here: " + corpus)
	}
	quoted := regexp.MustCompile(`[A-Za-z0-9_.-]+~31bf3856ad364e35~[^\s,:;"'\\\])]+`)
	seen := map[string]bool{}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range quoted.FindAllString(string(text), -1) {
			seen[s] = true
		}
	}
	// Behind an identity stand, with a dot, the names of files and updates and the digests of manifests; families have no version.
	behind := regexp.MustCompile(`(\.[a-zA-Z][\w-]*|\.[0-9a-fA-F]{12,}|\.)+$`)
	bad := 0
	for s := range seen {
		s = behind.ReplaceAllString(s, "")
		if strings.HasSuffix(s, "~") {
			continue
		}
		if _, err := servicing.ParseIdentity(s); err != nil {
			bad++
			t.Log(err)
		}
	}
	t.Logf("%d identities in %d logs", len(seen), len(logs))
	if len(seen) < 100 || bad > len(seen)/100 {
		t.Errorf("%d of %d identities are not taken for such", bad, len(seen))
	}
}
