package tasks

import (
	"errors"
	"testing"

	"github.com/rectify-project/rectify/internal/machine/com"
	"github.com/rectify-project/rectify/sdk/hresult"
)

func TestClassified(t *testing.T) {
	kinds := []error{ErrNotFound, ErrDenied, ErrStopped, ErrUnsupported}
	for name, c := range map[string]struct {
		code hresult.Code
		want error // nil: none of the kinds
	}{
		"no-file":         {0x80070002, ErrNotFound},
		"no-folder":       {0x80070003, ErrNotFound},
		"denied":          {0x80070005, ErrDenied},
		"not-running":     {0x80041315, ErrStopped},
		"no-server":       {0x800706BA, ErrStopped},
		"disabled":        {0x80070422, ErrStopped},
		"not-implemented": {0x80004001, ErrUnsupported},
		"no-class":        {0x80040154, ErrUnsupported},
		"bad-xml":         {0x8004131A, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := classified(&com.Error{Method: "M", Code: c.code})
			for _, kind := range kinds {
				if errors.Is(err, kind) != (kind == c.want) {
					t.Errorf("%v: is it %q: %v", err, kind, errors.Is(err, kind))
				}
			}
			if code, ok := com.CodeOf(err); !ok || code != c.code {
				t.Errorf("the code is lost: %v", err)
			}
		})
	}
	if fault := errors.New("other"); classified(fault) != fault || classified(nil) != nil {
		t.Error("an error without a code has changed")
	}
}
