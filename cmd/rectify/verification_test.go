package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rectify-project/rectify/internal/verification/table"
	"github.com/rectify-project/rectify/sdk"
)

// subjects are the functions that work on a live machine.
func subjects() []table.Subject {
	var out []table.Subject
	for _, p := range linkedPlugins() {
		m := p.Manifest()
		for _, f := range m.Probes {
			if slices.Contains(f.Targets, sdk.Live) {
				out = append(out, table.Subject{Name: m.Name + "." + f.Name, Kind: "probe", Summary: f.Summary})
			}
		}
		for _, f := range m.Actions {
			if slices.Contains(f.Targets, sdk.Live) {
				out = append(out, table.Subject{Name: m.Name + "." + f.Name, Kind: "action", Summary: f.Summary})
			}
		}
	}
	return out
}

// TestVerificationPage holds the page against the records: it is made of them, and of every function that works live.
func TestVerificationPage(t *testing.T) {
	records, err := table.Committed()
	if err != nil {
		t.Fatal(err)
	}
	known := subjects()
	for _, r := range records {
		if !slices.ContainsFunc(known, func(s table.Subject) bool { return s.Name == r.Function }) {
			t.Errorf("a record is about %s, which is no function of a live machine", r.Function)
		}
	}
	var page bytes.Buffer
	if err := table.Markdown(&page, known, records); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "..", "docs", "windows-verification.md")
	if os.Getenv("UPDATE_PAGE") != "" {
		if err := os.WriteFile(file, page.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if is, err := os.ReadFile(file); err != nil || !bytes.Equal(is, page.Bytes()) {
		t.Errorf("docs/windows-verification.md is not what the records make of it (%v): make verification", err)
	}
}
