package playbook

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rectify-project/rectify/engine/diag"
)

// Parse reads one playbook. file is its name in diagnostics. The document is never nil: beside errors it holds
// what could be read.
func Parse(file string, src []byte) (*Document, diag.List) {
	d := &Document{File: file, Source: src}
	s, fatal := readSource(file, src)
	if fatal != nil {
		return d, fatal
	}
	r := &reader{file: file}
	if root, ok := r.readTree(s, true); ok {
		r.document(d, root)
	}
	return d, r.list.Sorted()
}

func (r *reader) document(d *Document, root Value) {
	if root.Kind == Invalid || root.isNull() {
		if len(r.list) == 0 {
			r.report(diag.Span{}, "missing-key", "the file is empty", "a playbook begins with the line `rectify: "+Version+"`")
		}
		return
	}
	m := r.mapping(root, "the playbook", diag.Span{})
	if m == nil || !m.version(d) {
		return
	}
	d.ID = m.must("id")
	r.checkID(d.ID)
	d.Title = m.must("title")
	d.Summary = m.text("summary")
	d.Codes = m.texts("codes")
	d.Related = m.texts("related")
	d.Article = m.article()
	m.each("platforms", func(v Value) {
		if s := r.text(v, "a platform"); s != nil && r.oneOf(*s, "a platform", []string{"darwin", "linux", "windows"}) {
			d.Platforms = append(d.Platforms, *s)
		}
	})
	m.named("inputs", func(name Scalar, v Value) { d.Inputs = append(d.Inputs, r.input(name, v)) })
	m.named("probes", func(name Scalar, v Value) { d.Probes = append(d.Probes, r.probe(name, v)) })
	m.named("let", func(name Scalar, v Value) {
		if e := r.bare(v, fmt.Sprintf("the value of %q", short(name.Value))); e != nil {
			d.Let = append(d.Let, Let{Name: name, Expression: *e})
		}
	})
	d.Applies = m.applies()
	m.named("symptoms", func(name Scalar, v Value) { d.Symptoms = append(d.Symptoms, r.conclusion("symptom", name, v)) })
	m.named("causes", func(name Scalar, v Value) { d.Causes = append(d.Causes, r.conclusion("cause", name, v)) })
	d.Steps = m.steps("steps")
	d.Verify = m.verify()
	d.Afterwards = m.steps("afterwards")
	d.Escalate = m.escalate()
	m.finish()
}

// version reads the key that stands first. Of an unknown version nothing more is read: what its keys mean is
// unknown too.
func (m *mapping) version(d *Document) bool {
	m.need("rectify")
	s := m.text("rectify")
	if s == nil {
		return true
	}
	d.Version = *s
	if s.Value != Version {
		m.report(s.Span, "version", fmt.Sprintf("unknown language version %q", short(s.Value)), "known here: "+Version)
		return false
	}
	if first := m.entries[0].Key; first.Value != "rectify" {
		key := m.find("rectify").Key
		m.add(diag.Diagnostic{Span: key.Span, Kind: "version", Message: "the key \"rectify\" must stand first",
			Hint: "move this line to the top of the file", Related: []diag.Related{{Span: first.Span, Message: "this key stands before it"}}})
	}
	return true
}

func (m *mapping) article() *Article {
	sub := m.part("article", "the article")
	if sub == nil {
		return nil
	}
	a := &Article{Title: sub.must("title"), URL: sub.must("url"), Sections: sub.texts("sections")}
	if v := sub.value("date"); v != nil {
		if v.Kind == ScalarValue && v.Template == nil && dateWord.MatchString(v.Scalar.Value) {
			a.Date = &v.Scalar
		} else {
			m.report(v.Span, "wrong-kind", `"date" must be a date`, "write it as YYYY-MM-DD")
		}
	}
	sub.finish()
	return a
}

// part walks into the mapping behind a key; nil where it is not there.
func (m *mapping) part(key, what string) *mapping {
	v := m.value(key)
	if v == nil {
		return nil
	}
	return m.mapping(*v, what, m.find(key).Key.Span)
}

func (r *reader) input(name Scalar, v Value) Input {
	in := Input{Name: name}
	m := r.mapping(v, "an input", name.Span)
	if m == nil {
		return in
	}
	m.need("type")
	if s := m.word("type", "bool", "duration", "hresult", "int", "number", "path", "size", "text", "time"); s != nil {
		in.Type = *s
	}
	in.Default = m.text("default")
	in.Optional = m.flag("optional")
	in.Help = m.text("help")
	if in.Optional && in.Default != nil {
		m.add(diag.Diagnostic{Span: in.Default.Span, Kind: "input", Message: fmt.Sprintf("the input %q has a default and is optional", short(name.Value)),
			Hint: "an input with a default is never absent: leave `optional` out"})
	}
	m.finish()
	return in
}

func (r *reader) probe(name Scalar, v Value) Probe {
	p := Probe{Name: name}
	m := r.mapping(v, "a probe", name.Span)
	if m == nil {
		return p
	}
	p.Title = m.text("title")
	p.Uses = m.uses("probe")
	m.need("uses")
	p.With = m.arguments("with")
	p.When = m.expression("when")
	p.Timeout = m.text("timeout")
	m.finish()
	return p
}

var usesWord = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)

// uses accepts the key that names a function of a plugin.
func (m *mapping) uses(what string) Scalar {
	s := m.text("uses")
	if s == nil {
		return Scalar{}
	}
	if !usesWord.MatchString(s.Value) {
		m.report(s.Span, "uses", fmt.Sprintf("%q names no %s", short(s.Value), what), "write plugin."+what+", such as log.search or service.restart")
		return Scalar{}
	}
	return *s
}

func (m *mapping) applies() *Applies {
	sub := m.part("applies", `"applies"`)
	if sub == nil {
		return nil
	}
	sub.need("when")
	a := &Applies{When: sub.expression("when"), Healed: sub.expression("healed"), Others: sub.expression("others")}
	sub.finish()
	return a
}

func (r *reader) conclusion(what string, name Scalar, v Value) Conclusion {
	c := Conclusion{Name: name}
	m := r.mapping(v, "a "+what, name.Span)
	if m == nil {
		return c
	}
	c.Title = m.must("title")
	c.Article = m.text("article")
	c.When = m.expression("when")
	c.Suspect = m.expression("suspect")
	if m.find("when") == nil && m.find("suspect") == nil {
		m.report(name.Span, "missing-key", fmt.Sprintf("the %s %q can never be concluded: it has neither when nor suspect", what, name.Value),
			"add when: … for what confirms it, suspect: … for what points to it")
	}
	m.finish()
	return c
}

func (m *mapping) verify() *Verify {
	sub := m.part("verify", `"verify"`)
	if sub == nil {
		return nil
	}
	sub.need("fixed")
	v := &Verify{Fixed: sub.expression("fixed"), Pending: sub.expression("pending")}
	sub.finish()
	return v
}

func (m *mapping) escalate() *Escalate {
	sub := m.part("escalate", `"escalate"`)
	if sub == nil {
		return nil
	}
	e := &Escalate{Article: sub.text("article"), Say: sub.template("say"), Bundle: sub.flag("bundle")}
	sub.finish()
	return e
}

// named accepts a key whose value is a mapping from names to things.
func (m *mapping) named(key string, thing func(name Scalar, v Value)) {
	for _, e := range m.entriesOf(key) {
		m.checkName(e.Key)
		thing(e.Key, e.Value)
	}
}

const maxName = 64

var (
	nameWord = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	idWord   = regexp.MustCompile(`^[a-z0-9-]+(/[a-z0-9x-]+)*$`)
	nameGaps = regexp.MustCompile(`[^a-z0-9]+`)
	humps    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

func (r *reader) checkName(name Scalar) bool {
	switch {
	case len(name.Value) > maxName:
		r.report(name.Span, "name", fmt.Sprintf("a name of %d letters; at most %d are allowed", len([]rune(name.Value)), maxName), "shorten it")
	case !nameWord.MatchString(name.Value):
		hint := "a name begins with a small letter, and holds small letters, digits and _"
		if better := snakeCase(name.Value); better != "" {
			hint = fmt.Sprintf("write %s: %s", better, hint)
		}
		r.report(name.Span, "name", fmt.Sprintf("%q cannot be a name", short(name.Value)), hint)
	default:
		return true
	}
	return false
}

// snakeCase makes a name out of a word, "" where there is no good one.
func snakeCase(word string) string {
	if word == "" || word[0] >= '0' && word[0] <= '9' {
		return ""
	}
	word = strings.ToLower(humps.ReplaceAllString(word, "${1}_$2"))
	word = strings.TrimLeft(nameGaps.ReplaceAllString(word, "_"), "_0123456789")
	return strings.TrimRight(word, "_")
}

func (r *reader) checkID(id Scalar) {
	if !id.Given() || idWord.MatchString(id.Value) {
		return
	}
	hint := "write words of small letters, digits and - with / between them, such as windows-update/0x8024001e"
	if better := strings.ReplaceAll(strings.ToLower(id.Value), " ", "-"); idWord.MatchString(better) {
		hint = fmt.Sprintf("write %s: small letters, digits and - with / between them", better)
	}
	r.report(id.Span, "name", fmt.Sprintf("%q cannot be the id of a playbook", short(id.Value)), hint)
}
