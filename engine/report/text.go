package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/engine/prose"
)

const (
	// width is how many columns the lines of a text report have at most. Only a word that cannot be broken, such as a path,
	// makes a line longer.
	width         = 80
	shownEvidence = 8          // of a finding; the JSON form has more
	maxWords      = 12 * width // of one reason, hint or place
)

// Text writes a report for people, on 80 columns: the verdict first, then each cause with its evidence, what was ruled
// out and why, and what could not be determined with what would settle it.
func Text(w io.Writer, r *Report) error {
	t := newText()
	t.header(r)
	t.verdict(r)
	t.findings(r)
	t.settled(r)
	t.open(r)
	t.others(r)
	t.incomplete(r)
	_, err := t.WriteTo(w)
	return err
}

// text builds the report line by line.
type text struct{ prose.Page }

// newText makes an empty report. Its texts are bounded one by one, at 12 lines each; a paragraph may hold two of them.
func newText() *text { return &text{prose.Page{Width: width, Lines: 25}} }

func (t *text) line(format string, args ...any) { t.Line(fmt.Sprintf(format, args...)) }

// wrap sets words that come from logs and may hold anything; see [prose.Page.Set].
func (t *text) wrap(first, rest, words string) { t.Say(first, rest, words) }

func (t *text) header(r *Report) {
	t.wrap("", "", r.Playbook.Title)
	what := "this machine"
	switch r.Target.Kind {
	case "offline":
		what = "disk " + r.Target.Name
	case "bundle":
		what = "bundle " + r.Target.Name
	}
	t.wrap("", "", fmt.Sprintf("%s, %s, as of %s (%s)", r.Playbook.ID, what, stamp(r.Target.Now), r.Target.Clock))
	t.line("")
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// verdict is the first thing to read.
func (t *text) verdict(r *Report) {
	confirmed, suspected := withVerdict(r.Causes, "confirmed"), withVerdict(r.Causes, "suspected")
	switch {
	case r.Outcome == "not seen":
		t.wrap("", "", "NOT SEEN. The problem that this playbook is about is not on this machine.")
	case r.Outcome == "was transient":
		was := "The problem was there and"
		if r.Applies.Verdict != "confirmed" {
			was = "It cannot be told whether the problem was there, but it"
		}
		t.wrap("", "", "WAS TRANSIENT. "+was+" has gone by itself; there is nothing to do.")
		if r.Healed != nil {
			t.evidence(*r.Healed)
		}
	case r.Outcome == "undetermined":
		t.wrap("", "", "UNDETERMINED. It cannot be told whether the problem is there; below is what would settle it.")
		if stand := append(confirmed, suspected...); len(stand) > 0 {
			t.wrap("", "", "What would bring it about all the same: "+titles(stand)+".")
		}
	case len(confirmed) > 0:
		t.wrap("", "", "CONFIRMED: "+titles(confirmed)+".")
		if len(suspected) > 0 {
			t.wrap("", "", "Suspected beside it: "+titles(suspected)+".")
		}
	case len(suspected) > 0:
		t.wrap("", "", "SUSPECTED: "+titles(suspected)+".")
		t.wrap("", "", "No cause is confirmed.")
	default:
		t.wrap("", "", "SEEN, with no cause confirmed or suspected.")
	}
	for _, f := range append([]Finding{r.Applies}, r.Causes...) {
		if f.Concluded != "" {
			t.wrap("", "", fmt.Sprintf("ASSUMED by the operator, not diagnosed: %s [%s] is %s; the diagnosis came to: %s.", f.Title, f.Name, f.Verdict, f.Concluded))
		}
	}
	t.line("")
}

func withVerdict(findings []Finding, verdict string) []Finding {
	var out []Finding
	for _, f := range findings {
		if f.Verdict == verdict {
			out = append(out, f)
		}
	}
	return out
}

func titles(findings []Finding) string {
	var out []string
	for _, f := range findings {
		out = append(out, strings.TrimSuffix(f.Title, "."))
	}
	return strings.Join(out, "; ")
}

// findings shows what was seen and the causes that stand, each with its evidence.
func (t *text) findings(r *Report) {
	if r.Outcome == "seen" {
		t.line("What was seen (times are UTC)")
		t.evidence(r.Applies)
		for _, s := range append(withVerdict(r.Symptoms, "confirmed"), withVerdict(r.Symptoms, "suspected")...) {
			t.wrap("  * ", "    ", fmt.Sprintf("%s (%s)", s.Title, s.Verdict))
		}
		t.line("")
	}
	for _, verdict := range []string{"confirmed", "suspected"} {
		for _, f := range withVerdict(r.Causes, verdict) {
			t.wrap("", "  ", fmt.Sprintf("%s: %s [%s]", strings.ToUpper(verdict[:1])+verdict[1:], f.Title, f.Name))
			t.reasons(r, f, "  ")
			t.evidence(f)
			if len(f.Unknown) > 0 {
				t.line("  not known, and so not confirmed:")
			}
			for _, u := range f.Unknown {
				t.unknown("    ", u)
			}
			t.line("")
		}
	}
}

// reasons shows the leaves that brought a finding its verdict, each once. A leaf that asks about symptoms and causes says
// which, with the leaves that settled those.
func (t *text) reasons(r *Report, f Finding, indent string) {
	t.leaves(r, f, indent, map[string]bool{})
}

// leaves shows, behind an indent, what has not been shown: leaves by their source behind a backquote, which no name of a
// finding begins with.
func (t *text) leaves(r *Report, f Finding, indent string, shown map[string]bool) {
	for _, reason := range f.Reasons {
		key := "`" + reason.Condition
		if !settles(reason, f.Verdict) || shown[key] {
			continue
		}
		shown[key] = true
		found := false
		for _, name := range reason.Mentions {
			about := mentioned(r, name)
			if about == nil {
				continue
			}
			found = true
			if shown[name] {
				continue
			}
			shown[name] = true
			t.wrap(indent+mark(reason.Truth)+" ", indent+"  ", fmt.Sprintf("%s: %s", about.Title, about.Verdict))
			t.leaves(r, *about, deeper(indent), shown)
		}
		if !found {
			t.reason(reason, indent)
		}
	}
}

// deeper is the indent of what stands below something, up to a depth at which there is still room for words.
func deeper(indent string) string {
	const deepest = 16
	if len(indent) >= deepest {
		return indent
	}
	return indent + "  "
}

// settles says whether a leaf is one of those that brought a finding its verdict.
func settles(r Reason, verdict string) bool {
	switch verdict {
	case "confirmed":
		return r.Truth == "true" && r.Of == "when"
	case "suspected":
		return r.Truth == "true" && r.Of == "suspect"
	}
	return r.Truth == "false"
}

// mentioned finds the symptom or cause of a name in an expression, "symptoms.download_fails".
func mentioned(r *Report, name string) *Finding {
	namespace, member, _ := strings.Cut(name, ".")
	list := r.Symptoms
	if namespace == "causes" {
		list = r.Causes
	}
	for i := range list {
		if list[i].Name == member {
			return &list[i]
		}
	}
	return nil
}

// reason shows a leaf: `len(attempts.open) > 0 → 3 > 0`.
func (t *text) reason(r Reason, indent string) {
	words := shorten(r.Condition, 2*width)
	if r.Values != "" {
		words += " → " + r.Values
	}
	if r.Absent > 0 {
		words += fmt.Sprintf(" (%d without this data)", r.Absent)
	}
	t.wrap(indent+mark(r.Truth)+" ", indent+"  ", words)
}

func mark(truth string) string {
	switch truth {
	case "true":
		return "✓"
	case "false":
		return "✗"
	}
	return "?"
}

// evidence shows the main items of a finding's evidence, in the order of time.
func (t *text) evidence(f Finding) {
	shown, left := 0, f.Cut
	for _, e := range f.Evidence {
		if !e.Main || shown == shownEvidence {
			left++
			continue
		}
		shown++
		if e.Time.IsZero() {
			t.wrap("    ", "      ", shorten(e.Where, maxWords))
		} else {
			t.wrap("    "+e.Time.UTC().Format("2006-01-02 15:04:05")+"  ", "      ", shorten(e.Where, maxWords))
		}
		if e.Text != "" {
			t.wrap("      ", "      ", shorten(e.Text, 3*(width-6)))
		}
	}
	switch {
	case left > 0 && f.Cut > 0:
		t.line("    and %d more; --format json has %d in all", left, len(f.Evidence))
	case left > 0:
		t.line("    and %d more; --format json has all", left)
	}
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// settled shows what was ruled out, and why.
func (t *text) settled(r *Report) {
	ruled := withVerdict(r.Causes, "ruled out")
	if len(ruled) == 0 {
		return
	}
	t.line("Ruled out")
	for _, f := range ruled {
		t.wrap("  ", "    ", fmt.Sprintf("%s [%s]", f.Title, f.Name))
		t.reasons(r, f, "    ")
	}
	t.line("")
}

// open shows what could not be determined, and what would settle it. Causes that lack the same things stand together.
func (t *text) open(r *Report) {
	open := withVerdict(r.Causes, "undetermined")
	if r.Outcome == "undetermined" {
		open = append(open, r.Applies)
	}
	if len(open) == 0 {
		return
	}
	t.line("Not determined")
	var order []Unknown
	under := map[Unknown][]string{}
	for _, f := range open {
		t.wrap("  ? ", "    ", fmt.Sprintf("%s [%s]", f.Title, f.Name))
		for _, u := range f.Unknown {
			if len(under[u]) == 0 {
				order = append(order, u)
			}
			under[u] = append(under[u], f.Name)
		}
	}
	for _, u := range order {
		t.line("")
		t.unknown("  ", u)
		t.wrap("    bears on: ", "      ", strings.Join(under[u], ", "))
	}
	t.line("")
}

// unknown shows what was not known and what would settle it.
func (t *text) unknown(indent string, u Unknown) {
	subject := u.Title
	if subject == "" {
		subject = "a condition"
	}
	t.wrap(indent, indent+"  ", fmt.Sprintf("%s: %s", subject, shorten(u.Reason, maxWords)))
	if u.Settle != "" {
		t.wrap(indent+"  to settle it: ", indent+"    ", shorten(u.Settle, maxWords))
	}
}

func (t *text) others(r *Report) {
	if len(r.Others) == 0 {
		return
	}
	t.line("Other update failures seen")
	for _, o := range r.Others {
		times := ""
		if o.Count > 1 {
			times = fmt.Sprintf(", %d times", o.Count)
		}
		if !o.Newest.IsZero() {
			times += ", last " + stamp(o.Newest)
		}
		if o.Title != "" {
			times += ": " + shorten(o.Title, maxWords)
		}
		t.wrap("  ", "    ", strings.TrimSpace(o.Code+" "+o.Symbol)+times)
	}
	t.line("")
}

// incomplete names the readings that were not whole and have not been named above.
func (t *text) incomplete(r *Report) {
	named := map[string]bool{}
	for _, f := range slices.Concat(r.Causes, []Finding{r.Applies}) {
		if f.Verdict == "undetermined" || f.Verdict == "suspected" {
			for _, u := range f.Unknown {
				named[u.Fact] = true
			}
		}
	}
	var rest []Fact
	for _, f := range r.Facts {
		if f.Status != "observed" && f.Status != "skipped" && f.Status != "not read" && !named[f.Name] {
			rest = append(rest, f)
		}
	}
	if len(rest) == 0 {
		return
	}
	t.line("Not read in full")
	for _, f := range rest {
		t.wrap("  ", "    ", shorten(fmt.Sprintf("%s (%s): %s", f.Title, f.Status, f.Reason), 4*(width-4)))
	}
	t.line("")
}
