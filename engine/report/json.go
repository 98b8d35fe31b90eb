package report

import (
	"encoding/json"
	"io"
)

// JSON writes reports in their machine-readable form: one as an object, several as a list.
func JSON(w io.Writer, reports []*Report, list bool) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if !list && len(reports) == 1 {
		return enc.Encode(reports[0])
	}
	if reports == nil {
		reports = []*Report{}
	}
	return enc.Encode(reports)
}
