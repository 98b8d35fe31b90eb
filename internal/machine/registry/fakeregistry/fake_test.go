package fakeregistry_test

import (
	"testing"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/internal/machine/registry/fakeregistry"
	"github.com/rectify-project/rectify/internal/verification/conformtest"
)

func TestReading(t *testing.T) {
	r := fakeregistry.New()
	r.Put(`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, registry.TextValue("CurrentBuildNumber", "19045"), registry.NumberValue("UBR", 1))
	conformtest.RunFake(t, registry.Reading(r), nil)
}

func TestChanging(t *testing.T) {
	r := fakeregistry.New()
	before := r.Image()
	conformtest.RunFake(t, registry.Changing(r, `HKLM\SOFTWARE\Check\x`), nil)
	r.Return(r.Copy())
	if diff := before.Differs(r.Image()); len(diff) != 1 { // the key above stays
		t.Errorf("left behind: %q", diff)
	}
}
