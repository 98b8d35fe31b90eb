package service

import (
	"testing"

	"github.com/rectify-project/rectify/internal/forge/disk"
	"github.com/rectify-project/rectify/internal/forge/hive"
)

func TestDamagedDisks(t *testing.T) {
	disk.Damaged(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"status": `{"name":"wuauserv"}`, "changes": `{"names":["wuauserv"]}`})
}

func TestLinksOut(t *testing.T) {
	disk.LinksOut(t, Plugin(), moment(60), wholeDisk(t), map[string]string{"status": `{"name":"wuauserv"}`, "changes": `{"names":["wuauserv"]}`})
}

func wholeDisk(t *testing.T) map[string][]byte {
	root := &hive.Key{}
	root.At("Select").Set(hive.DWord("Current", 1))
	root.At(`ControlSet001\Services\wuauserv`).Set(hive.DWord("Start", 3), hive.String("ObjectName", "LocalSystem"))
	data := disk.Hive(t, root)
	return map[string][]byte{
		systemHive: data,
		systemLog:  disk.Log(t, changed(1, "wuauserv/1", "x", "x"), changed(2, "wuauserv/4", "x", "x"), changed(3, "", "Windows Update", "stopped")),
	}
}
