package report

import (
	"fmt"
	"io"
	"strings"
)

// Triage writes which of several playbooks fit, and then the full text of those that do.
func Triage(w io.Writer, reports []*Report) error {
	t := newText()
	fits := 0
	for _, r := range reports {
		t.wrap(fmt.Sprintf("  %-14s ", r.Outcome), strings.Repeat(" ", 17), fmt.Sprintf("%s (%s)", r.Playbook.Title, r.Playbook.ID))
		if r.Outcome == "seen" || r.Outcome == "undetermined" {
			fits++
		}
	}
	switch fits {
	case 0:
		t.line("\nNo playbook fits.")
	case 1:
		t.line("\nOne playbook fits.")
	default:
		t.line("\n%d playbooks fit.", fits)
	}
	t.line("")
	if fits == 0 && len(reports) > 0 {
		t.others(mostOthers(reports))
	}
	if _, err := io.WriteString(w, "Playbooks asked\n"+t.String()); err != nil {
		return err
	}
	for _, r := range reports {
		if r.Outcome == "seen" || r.Outcome == "undetermined" {
			if err := Text(w, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostOthers is the report that names most failures which it is not about.
func mostOthers(reports []*Report) *Report {
	most := reports[0]
	for _, r := range reports {
		if len(r.Others) > len(most.Others) {
			most = r
		}
	}
	return most
}
