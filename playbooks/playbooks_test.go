package playbooks_test

import (
	"os"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/rehearse"
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

// TestPlaybooks runs the tests that stand beside the playbooks, with the manifests of the plugins that the program ships.
func TestPlaybooks(t *testing.T) {
	functions := check.NewPluginCatalog(
		disk.Plugin(), dism.Plugin(), event.Plugin(), file.Plugin(), log.Plugin(), network.Plugin(),
		registry.Plugin(), service.Plugin(), system.Plugin(), task.Plugin(), trace.Plugin(), update.Plugin(),
	)
	source := rehearse.Source{FS: os.DirFS("."), Display: func(name string) string { return name }}
	names, err := source.Find(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no playbook has tests")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			f, err := rehearse.Run(t.Context(), source, name, functions, nil)
			if err != nil {
				t.Fatal(err)
			}
			if totals := rehearse.Count([]*rehearse.File{f}); totals.Failed > 0 || totals.Passed == 0 {
				if err := (rehearse.View{}).Text(t.Output(), []*rehearse.File{f}); err != nil {
					t.Error(err)
				}
				t.Fail()
			}
		})
	}
}
