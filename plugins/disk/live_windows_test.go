package disk

import (
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/rectify-project/rectify/internal/verification"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
	"github.com/rectify-project/rectify/sdk/plugintest"
	"github.com/rectify-project/rectify/sdk/target"
)

func TestThisWindows(t *testing.T) {
	known := conformtest.Known{}
	if strings.HasPrefix(verification.System(), "Wine") {
		known["a volume says whether it needs a check"] = "missing: FSCTL_IS_VOLUME_DIRTY"
	}
	conformtest.Run(t, Suite(SystemVolume()), known)
}

func TestVolumeOfThisWindows(t *testing.T) {
	answer, err := plugintest.Serve(t, Plugin()).Observe("volume", target.Spec{Kind: target.Live}, map[string]any{"path": `%SystemRoot%`})
	if err != nil {
		t.Fatal(err)
	}
	var out VolumeOutput
	if err := json.Unmarshal(answer.Value, &out); err != nil {
		t.Fatal(err)
	}
	kind, err := fileSystem(SystemVolume())
	if err != nil || !strings.EqualFold(out.Volume, SystemVolume()) || out.FileSystem != kind || len(out.Serial) != 9 {
		t.Errorf("%v: %s", err, answer.Value)
	}
	if (out.Dirty == nil) != (answer.Missing["/dirty"] != "") {
		t.Errorf("missing %v: %s", answer.Missing, answer.Value)
	}
	t.Logf("%s, missing %v", answer.Value, answer.Missing)
	verification.Shown(t, "serial number and file system are told, and a mark that is not told is left out with the reason", "disk.volume")
}

func TestSpaceOfThisWindows(t *testing.T) {
	out, _, err := observe(t, target.Spec{Kind: target.Live}, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := windows.UTF16PtrFromString(SystemVolume())
	if err != nil {
		t.Fatal(err)
	}
	var total uint64
	if err := windows.GetDiskFreeSpaceEx(root, nil, &total, nil); err != nil || int64(total) != int64(out.Total) {
		t.Errorf("%+v, the system says %d, %v", out, total, err)
	}
	verification.Shown(t, "the size that the system tells is told, and free space within it", "disk.space")
}
