// Package fakeholders answers for tests in place of Restart Manager.
package fakeholders

import (
	"context"
	"strings"

	"github.com/rectify-project/rectify/internal/machine/holders"
)

// Asker knows holders by the Windows path of a file, in small letters; and fails where it has an error.
type Asker struct {
	Of  map[string][]holders.Holder
	Err error
}

var _ holders.Asker = Asker{}

// Holding gives the holders of the files, in the order of the files.
func (a Asker) Holding(_ context.Context, files []string) ([]holders.Holder, error) {
	if a.Err != nil {
		return nil, a.Err
	}
	var all []holders.Holder
	for _, file := range files {
		all = append(all, a.Of[strings.ToLower(file)]...)
	}
	return all, nil
}
