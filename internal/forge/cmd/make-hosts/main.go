// Command make-hosts writes the sample disks in examples/hosts anew:
//
//	go run ./internal/forge/cmd/make-hosts
//
// Files in the folder of a disk that are no longer part of it are removed.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rectify-project/rectify/internal/forge/host/example"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "make-hosts:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%d arguments, expected at most one: the folder to write to", len(args))
	}
	folder := filepath.Join("examples", "hosts")
	if len(args) == 1 {
		folder = args[0]
	} else if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("%w; run it in the root of the module", err)
	}
	for _, d := range example.Disks() {
		root := filepath.Join(folder, d.Name)
		if err := os.RemoveAll(root); err != nil {
			return err
		}
		if err := d.Machine.WriteTo(root); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return nil
}
