package doctor

import (
	"fmt"
	"io"
	"strings"

	"github.com/rectify-project/rectify/engine/prose"
	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// marks stand before a check.
var marks = map[conformance.Outcome]string{
	conformance.Works: "works    ", conformance.Different: "DIFFERS  ", conformance.Absent: "MISSING  ", conformance.Unasked: "-        ",
}

// Text shows a report to people: each check, then what the functions of plugins can be expected to do here.
func Text(w io.Writer, r *Report) error {
	page := prose.Page{}
	rights := "not elevated: what needs administrator rights could not be tried in full"
	if r.Elevated {
		rights = "elevated"
	}
	page.Line(fmt.Sprintf("%s (%s), %s, %s", prose.Printable(r.System), r.Machine, rights, r.Made.UTC().Format("2006-01-02 15:04 UTC")))
	suite := ""
	for _, e := range r.Entries {
		if e.Suite != suite {
			suite = e.Suite
			page.Gap()
			page.Line(suite)
		}
		page.Say("  "+marks[e.Outcome], "           ", e.Name)
		if e.Outcome == conformance.Works {
			continue
		}
		if e.Detail != "" {
			page.Say("           ", "             ", e.Detail)
		}
		if e.Outcome != conformance.Unasked && len(e.API) > 0 {
			page.Say("           ", "             ", "calls "+strings.Join(e.API, ", "))
		}
	}
	page.Gap()
	page.Line("What this means for plugins")
	for _, f := range r.Functions() {
		if len(f.Wrong) == 0 {
			page.Say("  ", "    ", fmt.Sprintf("%s: all %d checks that it rests on work", f.Name, f.Tried))
			continue
		}
		var names []string
		for _, e := range f.Wrong {
			names = append(names, e.Suite+": "+e.Name)
		}
		page.Say("  ", "    ", fmt.Sprintf("%s: %d of %d checks do not work: %s", f.Name, len(f.Wrong), f.Tried, strings.Join(names, "; ")))
	}
	page.Gap()
	page.Line(fmt.Sprintf("%d checks: %d work, %d differ, %d missing, %d not applicable. Nothing was changed.", len(r.Entries),
		r.Count(conformance.Works), r.Count(conformance.Different), r.Count(conformance.Absent), r.Count(conformance.Unasked)))
	_, err := page.WriteTo(w)
	return err
}
