package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

// fake is a volume.
type fake struct {
	description
	describing error
	isDirty    bool
	asking     error
}

func (f fake) describe(string) (description, error) { return f.description, f.describing }
func (f fake) dirty(string) (bool, error)           { return f.isDirty, f.asking }

func TestVolume(t *testing.T) {
	ntfs := description{0x1a2b03c4, "System", "NTFS"}
	denied := &fs.PathError{Op: "CreateFile", Path: `\\?\Volume{x}`, Err: fmt.Errorf("%w", fs.ErrPermission)}
	tests := map[string]struct {
		fake
		dirty, settle string
		code          sdk.ErrorCode
	}{
		"clean":       {fake{description: ntfs}, "false", "", ""},
		"dirty":       {fake{description: ntfs, isDirty: true}, "true", "", ""},
		"not-asked":   {fake{description: ntfs, asking: errors.New("Request not supported.")}, "", "fsutil dirty query", ""},
		"not-allowed": {fake{description: ntfs, asking: denied}, "", "as an administrator", ""},
		"no-volume":   {fake{describing: &fs.PathError{Op: "GetVolumeInformation", Path: `C:\`, Err: errors.New("The device is not ready.")}}, "", "", sdk.Unavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := volumeAt(test.fake, place{`C:\`, `C:\`})
			if test.code != "" {
				if err == nil || sdk.AsError(err).Code != test.code {
					t.Errorf("got %v, want %s", err, test.code)
				}
				return
			}
			dirty := ""
			if r.Value.Dirty != nil {
				dirty = fmt.Sprint(*r.Value.Dirty)
			}
			if err != nil || r.Value.Serial != "1A2B-03C4" || r.Value.Label != "System" || r.Value.FileSystem != "NTFS" || dirty != test.dirty {
				t.Errorf("%v: %+v", err, r)
			}
			if (dirty == "") != (r.Missing["/dirty"] != "") || !strings.Contains(r.Settle, test.settle) {
				t.Errorf("missing %v, settle %q", r.Missing, r.Settle)
			}
		})
	}
	verification.ShownByFake(t, "a mark that is not told stays unknown, with the reason", "disk.volume")
}

func TestSuite(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows, whose own volume is tried")
	}
	conformtest.RunFake(t, suite(fake{description: description{1, "", "NTFS"}}, "/"), nil)
}

func TestVolumeOfAnotherSystem(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this is Windows")
	}
	_, err := plugintest.Serve(t, Plugin()).Observe("volume", target.Spec{Kind: target.Live}, map[string]any{"path": "/"})
	if e := sdk.AsError(err); err == nil || e.Code != sdk.Unsupported {
		t.Errorf("got %v", err)
	}
}
