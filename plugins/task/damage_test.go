package task

import (
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
)

func TestDamagedDisks(t *testing.T) {
	disk.Damaged(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"runs": `{"since":"30d"}`})
}

func TestLinksOut(t *testing.T) {
	disk.LinksOut(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"runs": `{}`})
}

func wholeDisk(t *testing.T) map[string][]byte {
	return map[string][]byte{
		taskLog:                    disk.Log(t, append(ran(`\X`, runA, 1, 2, 0), ran(`\Y`, runB, 61, 62, 1)...)...),
		"Windows/System32/Tasks/X": definition("cmd.exe", `/c C:\x.cmd`, "S-1-5-18"),
		"x.cmd":                    []byte("net stop wuauserv\r\n"),
	}
}
