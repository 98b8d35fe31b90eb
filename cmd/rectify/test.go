package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/rehearse"
	"github.com/rectify-project/rectify/playbooks"
)

// testFlags are the flags of the command test.
type testFlags struct {
	run, junit string
	coverage   bool
}

func (g *globals) testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [FILE_test.yaml | FILE.yaml | DIR]...",
		Short: "Run the tests that stand beside playbooks",
		Long: `Test diagnoses and plans from the facts that a test gives, by hand or recorded,
carries the plan out with simulated actions, and takes it back, as far as the test
expects something of that. Where what came is not what was expected, both are shown,
with the reasons. It needs no Windows machine, and changes nothing on this one. Without
arguments it runs the tests of the playbooks that are part of the program, but for
those that need a recorded bundle: bundles are part of its source only.

Where a test gives no time (now), its time is that of its bundle, else the newest
time among its facts, else 2026-01-15T12:00:00Z.

Exit codes: 0 all passed; 1 a test failed; 2 wrong usage; 3 a file cannot be read.`,
		Example: `  rectify test playbooks/windows-update/0x8024001e.yaml --coverage
  rectify test playbooks --run 'task' --junit results.xml`,
		RunE: func(cmd *cobra.Command, args []string) error { return g.test(cmd.Context(), f, args) },
	}
	cmd.Flags().StringVar(&f.run, "run", "", "run only the tests whose name matches this regular expression")
	cmd.Flags().StringVar(&f.junit, "junit", "", "write the results as JUnit XML to this file as well")
	cmd.Flags().BoolVar(&f.coverage, "coverage", false, "list the verdicts, outcomes of conditions and steps that no test reached")
	return cmd
}

func (g *globals) test(ctx context.Context, flags testFlags, args []string) error {
	var keep func(string) bool
	if flags.run != "" {
		pattern, err := regexp.Compile(flags.run)
		if err != nil {
			return usageError(fmt.Errorf("--run %q is no regular expression: %w", flags.run, err))
		}
		keep = pattern.MatchString
	}
	e, err := g.engine()
	if err != nil {
		return err
	}
	defer e.Close()
	files, err := rehearsed(ctx, e.Catalog(ctx), args, keep)
	if err != nil {
		return err
	}
	totals := rehearse.Count(files)
	if keep != nil && totals.Passed+totals.Failed == 0 {
		return usageError(fmt.Errorf("--run %q matches the name of no test", flags.run))
	}
	if flags.junit != "" {
		if err := writeJUnit(flags.junit, files); err != nil {
			return err
		}
	}
	if g.json() {
		err = writeJSON(g.stdout, struct {
			Version int              `json:"rectify_test"`
			Totals  rehearse.Totals  `json:"totals"`
			Files   []*rehearse.File `json:"files"`
		}{1, totals, files})
	} else {
		err = rehearse.View{Color: isTerminal(g.stdout), Coverage: flags.coverage, Part: keep != nil}.Text(g.stdout, files)
	}
	if err != nil {
		return err
	}
	if totals.Failed > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

// rehearsed runs the tests that arguments name, or those of the bundled playbooks.
func rehearsed(ctx context.Context, functions check.Catalog, args []string, keep func(string) bool) ([]*rehearse.File, error) {
	bundled := rehearse.Source{FS: playbooks.FS, Display: func(name string) string { return name }, WithoutBundles: true}
	if len(args) == 0 {
		return testsIn(ctx, bundled, ".", functions, keep)
	}
	var all []*rehearse.File
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		source, place := sourceAt(arg)
		if info.IsDir() {
			source, place = sourceIn(arg), "."
		}
		files, err := testsIn(ctx, source, place, functions, keep)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("there are no tests in %s: the tests of x.yaml stand in x_test.yaml beside it", arg)
		}
		all = append(all, files...)
	}
	return all, nil
}

// sourceIn is a folder with playbooks and their tests.
func sourceIn(dir string) rehearse.Source {
	return rehearse.Source{FS: os.DirFS(dir), Display: func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }}
}

// sourceAt is the folder of a file, and the file's name in it.
func sourceAt(file string) (rehearse.Source, string) {
	return sourceIn(filepath.Dir(file)), filepath.Base(file)
}

func testsIn(ctx context.Context, s rehearse.Source, place string, functions check.Catalog, keep func(string) bool) ([]*rehearse.File, error) {
	names, err := s.Find(place)
	if err != nil {
		return nil, err
	}
	var files []*rehearse.File
	for _, name := range names {
		f, err := rehearse.Run(ctx, s, name, functions, keep)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// writeJUnit writes the results to a file, in place of what an earlier run wrote.
func writeJUnit(path string, files []*rehearse.File) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(rehearse.JUnit(f, files), f.Close())
}
