package journal

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// TestUnprotected makes sure that no run begins or goes on in a folder that others may read, unless that was accepted.
func TestUnprotected(t *testing.T) {
	dir := folderTest(t)
	s, err := open(dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// As Windows would tell it; elsewhere there is nothing to tell.
	s.exposed = &UnprotectedError{Dir: dir, Reason: "it takes over from the folder above", Remedy: "icacls"}
	var unprotected *UnprotectedError
	if _, err := s.Begin(startOn("m1")); !errors.As(err, &unprotected) || unprotected.Dir != dir || !strings.Contains(err.Error(), "--accept-unprotected-state") || !strings.Contains(err.Error(), "icacls") {
		t.Fatalf("Begin: %v", err)
	}
	if runs, err := s.Runs(); err != nil || len(runs) != 0 {
		t.Errorf("the run that was refused has left %v, %v", runs, err)
	}
	AcceptUnprotected()(s)
	start := startOn("m1")
	start.Unprotected = "what the caller says of it"
	r, err := s.Begin(start)
	if err != nil {
		t.Fatal(err)
	}
	records, err := r.Records()
	var first Start
	if err != nil || json.Unmarshal(records[0].Data, &first) != nil || first.Unprotected != s.exposed.Reason {
		t.Errorf("the first record says %q, %v", first.Unprotected, err)
	}
	closeAll(t, r)
	s.accepts = false
	if _, err := s.Continue(r.ID()); !errors.As(err, &unprotected) {
		t.Errorf("Continue: %v", err)
	}
	if s.Unprotected() == nil {
		t.Error("the store does not tell of it")
	}
	s.exposed = nil
	if r, err = s.Continue(r.ID()); err != nil {
		t.Fatalf("in a folder that is protected again: %v", err)
	}
	closeAll(t, r)
}
