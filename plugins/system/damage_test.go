package system

import (
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
)

func TestDamagedDisks(t *testing.T) {
	disk.Damaged(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"boots": `{"since":"30d"}`})
}

func TestLinksOut(t *testing.T) {
	disk.LinksOut(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"boots": `{}`, "info": `{}`, "pending_restart": `{}`})
}

func wholeDisk(t *testing.T) map[string][]byte {
	return map[string][]byte{
		systemLog:           disk.Log(t, join(one(plain("Other", 1, 0), wanted(1, "x.exe", "0x0", "restart")), orderly(2, 5), start(3), one(lastAliveEvent(10, 4)))...),
		config + "SOFTWARE": software(t, nil),
		config + "SYSTEM":   system(t, nil),
	}
}
