// Package fakerestorepoint is a System Restore for tests.
package fakerestorepoint

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rectify-project/rectify/internal/machine/restorepoint"
)

// Store keeps its points in a file. Its fields are set before it is used.
type Store struct {
	Folder string
	// Recent makes it report success and make nothing, as Windows does where another point is younger than 24 hours.
	Recent bool
	// Off is System Restore that is switched off, None a Windows without it.
	Off, None bool
}

var _ restorepoint.Store = (*Store)(nil)

// List implements [restorepoint.Store].
func (s *Store) List(context.Context) ([]restorepoint.Point, error) {
	if s.None {
		return nil, restorepoint.ErrNone
	}
	text, err := os.ReadFile(filepath.Join(s.Folder, "points.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var points []restorepoint.Point
	if err == nil {
		err = json.Unmarshal(text, &points)
	}
	return points, err
}

// Create implements [restorepoint.Store].
func (s *Store) Create(ctx context.Context, description string) (int64, error) {
	points, err := s.List(ctx)
	switch {
	case err != nil:
		return 0, err
	case s.Off:
		return 0, restorepoint.ErrOff
	case s.Recent:
		return 0, nil
	}
	n := restorepoint.Newest(points) + 1
	points = append(points, restorepoint.Point{Sequence: n, Description: description, Created: time.Date(2026, 1, 10, 9, 30, 0, 0, time.UTC)})
	text, err := json.Marshal(points)
	if err == nil {
		err = os.WriteFile(filepath.Join(s.Folder, "points.json"), text, 0o600)
	}
	return n, err
}
