// Verified compares what tests have shown with what the table of the program says.
//
//	go run ./internal/verification/cmd/verified FOLDER           differences are printed, and are an error
//	go run ./internal/verification/cmd/verified -update FOLDER   the table is made anew
//
// FOLDER is where the tests have written their records, see internal/verification.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/rectify-project/rectify/internal/verification/table"
)

const file = "internal/verification/table/records.csv"

func main() {
	update := flag.Bool("update", false, "make the table anew")
	flag.Parse()
	if err := run(flag.Arg(0), *update); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string, update bool) error {
	shown, err := collect(folder)
	if err != nil {
		return err
	}
	if update {
		out, err := os.Create(file)
		if err != nil {
			return err
		}
		defer out.Close()
		return table.Write(out, shown)
	}
	said, err := table.Committed()
	if err != nil {
		return err
	}
	wrong := 0
	for _, r := range said {
		if !slices.Contains(shown, r) {
			fmt.Printf("claimed, and shown by no test that ran: %+v\n", r)
			wrong++
		}
	}
	for _, r := range shown {
		if !slices.Contains(said, r) {
			fmt.Printf("shown, and not in the table: %+v\n", r)
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d differences: make verification makes %s and docs/windows-verification.md anew", wrong, file)
	}
	fmt.Printf("%d records of what was verified are as the table says\n", len(said))
	return nil
}

func collect(folder string) ([]table.Record, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no test has written a record into %q", folder)
	}
	var out []table.Record
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var r table.Record
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, r)
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return table.Sorted(out), nil
}
