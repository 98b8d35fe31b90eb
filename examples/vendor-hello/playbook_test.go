package main

import (
	"os"
	"testing"

	"github.com/rectify-project/rectify/engine/check"
	"github.com/rectify-project/rectify/engine/playbook"
)

func TestPlaybook(t *testing.T) {
	src, err := os.ReadFile("hello.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc, wrong := playbook.Parse("hello.yaml", src)
	if len(wrong) > 0 {
		t.Fatalf("%v", wrong)
	}
	if _, wrong = check.Check(doc, check.NewPluginCatalog(hello())); len(wrong) > 0 {
		t.Errorf("%v", wrong)
	}
}
