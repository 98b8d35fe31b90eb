package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPureStagesHaveNoClock makes sure that a diagnosis of the same facts, and a plan that follows from it, is the same at
// any time: these stages take the target's time, never the host's.
func TestPureStagesHaveNoClock(t *testing.T) {
	for _, dir := range []string{"playbook", "condition", "check", "diagnose", "plan", "report", "diag"} {
		files, err := filepath.Glob(filepath.Join("..", "..", "engine", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("engine/%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, use := range clockUses(t, file) {
				t.Errorf("%s uses the clock", use)
			}
		}
	}
}

func clockUses(t *testing.T, file string) []string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var uses []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker"}, sel.Sel.Name) {
			uses = append(uses, set.Position(sel.Pos()).String()+": time."+sel.Sel.Name)
		}
		return true
	})
	return uses
}
