package check_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/plugins/disk"
	"github.com/rectify-project/rectify/plugins/dism"
	"github.com/rectify-project/rectify/plugins/event"
	"github.com/rectify-project/rectify/plugins/file"
	"github.com/rectify-project/rectify/plugins/log"
	"github.com/rectify-project/rectify/plugins/network"
	"github.com/rectify-project/rectify/plugins/registry"
	"github.com/rectify-project/rectify/plugins/service"
	"github.com/rectify-project/rectify/plugins/system"
	"github.com/rectify-project/rectify/plugins/task"
	"github.com/rectify-project/rectify/plugins/trace"
	"github.com/rectify-project/rectify/plugins/update"
)

// shipped is the plugins that are part of the program.
func shipped() check.Catalog {
	return check.NewPluginCatalog(disk.Plugin(), dism.Plugin(), event.Plugin(), file.Plugin(), log.Plugin(), network.Plugin(),
		registry.Plugin(), service.Plugin(), system.Plugin(), task.Plugin(), trace.Plugin(), update.Plugin())
}

const bundled = "../../playbooks"

// TestBundledPlaybooks holds that the playbooks that ship with the program pass without a word.
func TestBundledPlaybooks(t *testing.T) {
	files, err := filepath.Glob(bundled + "/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	checkedFiles := 0
	for _, path := range files {
		if matched, _ := filepath.Match("*_test.yaml", filepath.Base(path)); matched {
			continue
		}
		checkedFiles++
		t.Run(filepath.Base(path), func(t *testing.T) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if p, list := checked(t, path, src, shipped()); p == nil || len(list) > 0 {
				t.Errorf("\n%s", rendered(t, path, src, list))
			}
		})
	}
	if checkedFiles == 0 {
		t.Fatal("there are no playbooks")
	}
}

func BenchmarkCheck(b *testing.B) {
	const path = bundled + "/windows-update/0x8024001e.yaml"
	src, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	functions := shipped()
	doc := parsed(b, path, src)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if p, list := check.Check(doc, functions); p == nil {
			b.Fatal(list[0])
		}
	}
}
