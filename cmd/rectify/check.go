package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/rehearse"
)

func (g *globals) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE.yaml...",
		Short: "Say what is wrong with playbooks and their tests",
		Long: `Check accepts exactly what diagnose accepts, and of tests what test accepts: the
tests of x.yaml are in x_test.yaml beside it, and are checked with it and with the
bundles that they name. Each problem is shown with its file, line and column, the
line itself and what to do. A file - is standard input.

Exit codes: 0 no errors (warnings are possible); 1 errors; 3 a file cannot be read.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return g.check(cmd.Context(), files) },
	}
}

func (g *globals) check(ctx context.Context, files []string) error {
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	var list diag.List
	sources := map[string][]byte{}
	for _, file := range files {
		if rehearse.IsTests(file) {
			source, name := sourceAt(file)
			f, err := rehearse.Check(source, name, e.Catalog(ctx))
			if err != nil {
				return err
			}
			maps.Copy(sources, f.Sources)
			list = append(list, f.Problems...)
			continue
		}
		source, err := g.read(file)
		if err != nil {
			return err
		}
		file = cleaned(file)
		sources[file] = source
		_, more := e.Load(ctx, file, source)
		list = append(list, more...)
	}
	list = once(list)
	if g.json() {
		err = list.WriteJSON(g.stdout)
	} else {
		err = diag.Renderer{Sources: sources, Color: isTerminal(g.stdout)}.Render(g.stdout, list)
	}
	if err != nil {
		return err
	}
	if list.HasErrors() {
		return &exitError{code: exitFound}
	}
	if !g.json() && len(list) == 0 {
		fmt.Fprintf(g.stdout, "%d file%s, nothing wrong\n", len(files), plural(len(files)))
	}
	return nil
}

// cleaned is the name of a file as the checks of its tests have it.
func cleaned(file string) string {
	if file == "-" {
		return file
	}
	return filepath.Clean(file)
}

// once leaves repetitions out: a playbook may be named beside its tests.
func once(list diag.List) diag.List {
	var out diag.List
	for _, d := range list {
		if !slices.ContainsFunc(out, func(o diag.Diagnostic) bool {
			return o.File == d.File && o.Span == d.Span && o.Kind == d.Kind && o.Message == d.Message
		}) {
			out = append(out, d)
		}
	}
	return out
}

// read reads a file of the command line, or standard input for "-", up to a little more than a playbook may have.
func (g *globals) read(file string) ([]byte, error) {
	if file == "-" {
		return readSource(io.NopCloser(g.stdin))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	return readSource(f)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
