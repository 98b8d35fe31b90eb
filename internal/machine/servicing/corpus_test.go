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
	const token = "~31bf3856ad364e35~"
	outside := func(c rune) bool {
		return c != '~' && c != '.' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}
	seen := map[string]bool{}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		rest := string(text)
		for at := strings.Index(rest, token); at >= 0; at = strings.Index(rest, token) {
			name := rest[strings.LastIndexFunc(rest[:at], outside)+1 : at]
			rest = rest[at+len(token):]
			end := max(strings.IndexFunc(rest, outside), 0)
			seen[name+token+rest[:end]] = true
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
