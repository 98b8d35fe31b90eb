package update

import (
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
)

func TestDamagedDisks(t *testing.T) {
	disk.Damaged(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"installed": `{"updates":[{"update_guid":"25acae93-40d4-4e62-814c-efb2f29f1bca","kb":"KB5034441"}]}`})
}

func TestLinksOut(t *testing.T) {
	disk.LinksOut(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"attempts": `{}`, "source": `{}`})
}

func wholeDisk(t *testing.T) map[string][]byte {
	return map[string][]byte{
		systemLog:     disk.Log(t, first, event(44, 0, guidA, title, 0), event(43, 5, guidA, title, 0), event(20, 20, guidA, title, 0x8024001E), event(19, 30, guidB, title, 0)),
		softwareHive:  software(t, nil),
		reportingFile: reporting(t, reported(182, 20, guidA, 0x8024001E, "x: "+title), reported(183, 30, guidB, 0, "x: "+title)),
	}
}
