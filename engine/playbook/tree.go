package playbook

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rectify-project/rectify/engine/diag"
)

// builder turns the nodes of the YAML library into Values and reports what YAML allows and a playbook does not.
type builder struct {
	*reader
	source    *source
	templates bool // whether ${{ }} means something in this document
	memo      map[*yaml.Node]*built
	nodes     int
	full      bool // MaxNodes is exceeded and reported
}

// built is the value of one node, kept for the aliases that name it.
type built struct {
	value  Value
	nodes  int
	height int
	open   bool // still being built: an alias to it would never end
}

// readTree parses one document. It returns false where no tree could be made.
func (r *reader) readTree(s *source, templates bool) (root Value, ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			r.report(diag.Span{}, "syntax", fmt.Sprintf("the YAML reader failed on this file: %v", cause),
				"simplify the file: quote the words that hold special signs")
			root, ok = Value{}, false
		}
	}()
	decoder := yaml.NewDecoder(strings.NewReader(s.body))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF) || err == nil && len(document.Content) == 0:
		return Value{}, true
	case err != nil:
		r.reportSyntax(s, err)
		return Value{}, false
	}
	b := &builder{reader: r, source: s, templates: templates, memo: map[*yaml.Node]*built{}}
	root = b.build(document.Content[0], 1).value
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		r.reportSyntax(s, err)
	default:
		r.report(wordSpan(diag.Position{Line: second.Line, Column: second.Column}, 3), "second-document",
			"a second YAML document begins here; a file holds one", "move it to a file of its own, or remove the `---`")
	}
	return root, true
}

func wordSpan(at diag.Position, length int) diag.Span {
	return diag.Span{Start: at, End: diag.Position{Line: at.Line, Column: at.Column + length}}
}

func (b *builder) build(n *yaml.Node, depth int) *built {
	at := diag.Position{Line: n.Line, Column: n.Column}
	if n.Kind == yaml.AliasNode {
		return b.alias(n, at, depth)
	}
	result := &built{open: true, nodes: weight(n), height: 1}
	b.memo[n] = result
	defer func() { result.open = false }()
	if !b.room(at, result.nodes) {
		return result
	}
	if depth > MaxDepth {
		b.report(wordSpan(at, 1), "too-deep", fmt.Sprintf("more than %d lists and mappings stand inside one another here", MaxDepth),
			"no playbook needs that; flatten it")
		return result
	}
	start, tagged := b.properties(n, at)
	if tagged {
		return result
	}
	result.value.Span = diag.Span{Start: start, End: start}
	switch n.Kind {
	case yaml.ScalarNode:
		result.value = b.scalar(n, start)
	case yaml.SequenceNode:
		b.list(n, depth, result)
	case yaml.MappingNode:
		b.mapping(n, depth, result)
	}
	return result
}

// weight is what a node counts for: long texts count for more, so that few aliases cannot stand for much text.
func weight(n *yaml.Node) int { return 1 + len(n.Value)/64 }

// room counts nodes and reports the first that is too many.
func (b *builder) room(at diag.Position, nodes int) bool {
	b.nodes += nodes
	if b.nodes > MaxNodes && !b.full {
		b.full = true
		b.report(wordSpan(at, 1), "too-large", fmt.Sprintf("the document has more than %d keys and values, counting what its aliases stand for", MaxNodes),
			"use fewer aliases")
	}
	return !b.full
}

func (b *builder) alias(n *yaml.Node, at diag.Position, depth int) *built {
	target := b.memo[n.Alias]
	span := wordSpan(at, 1+len([]rune(n.Value)))
	switch {
	case target == nil || target.open:
		b.report(span, "alias", fmt.Sprintf("the alias *%s stands inside of what it refers to", short(n.Value)), "write out what is meant")
	case depth+target.height-1 > MaxDepth:
		b.report(span, "too-deep", fmt.Sprintf("with this alias more than %d lists and mappings stand inside one another", MaxDepth),
			"no playbook needs that; flatten it")
	case b.room(at, target.nodes):
		return target
	}
	return &built{nodes: 1, height: 1}
}

// properties skips anchors and comments that stand before a node and refuses tags.
func (b *builder) properties(n *yaml.Node, at diag.Position) (start diag.Position, tagged bool) {
	c := cursor{source: b.source}
	c.jump(at)
	empty := n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&^yaml.TaggedStyle == 0
	if r, _ := c.peek(0); empty && r != '&' && r != '!' {
		return at, false
	}
	for {
		switch r, ok := c.peek(0); {
		case !ok:
			return at, tagged
		case r == ' ' || r == '\t' || r == '\n':
			c.next()
		case r == '#':
			c.jump(diag.Position{Line: c.at.Line + 1, Column: 1})
		case r == '&' || r == '!':
			from := c.at
			for ok && r != ' ' && r != '\t' && r != '\n' && !(n.Kind != yaml.ScalarNode && (r == '[' || r == '{')) {
				c.next()
				r, ok = c.peek(0)
			}
			if tag := b.source.after(from)[0]; tag == '!' && !tagged {
				tagged = true
				span := diag.Span{Start: from, End: c.at}
				b.report(span, "tag", "YAML tags are not used here", "remove it; write a text that looks like something else in quotes")
			}
			if empty {
				return at, tagged // an empty value: what follows is not its own
			}
		default:
			return c.at, tagged
		}
	}
}

func (b *builder) list(n *yaml.Node, depth int, result *built) {
	v := &result.value
	v.Kind = ListValue
	for _, child := range n.Content {
		item := b.build(child, depth+1)
		result.add(item)
		v.Span.End = later(v.Span.End, endOf(child, item))
		if item.value.isNull() {
			span := item.value.Span
			if span.Start == span.End {
				span.Start.Column = max(1, span.Start.Column-1) // the dash
			}
			b.report(span, "no-value", "a list item without a value", "write the item, or remove its `-`")
			item = &built{}
		}
		v.List = append(v.List, item.value)
	}
	b.closeFlow(n, &v.Span)
}

func (b *builder) mapping(n *yaml.Node, depth int, result *built) {
	v := &result.value
	v.Kind = MapValue
	first := map[string]diag.Span{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, ok := b.key(n.Content[i])
		item := b.build(n.Content[i+1], depth+1)
		result.add(item)
		result.nodes += weight(n.Content[i])
		b.room(v.Span.Start, weight(n.Content[i]))
		v.Span.End = later(v.Span.End, endOf(n.Content[i+1], item))
		if key.Value == "<<" && !ok || n.Content[i].Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle != 0 {
			result.value = Value{} // what its keys are is not known; it must not seem to lack any
			return
		}
		if !ok {
			continue
		}
		if earlier, twice := first[key.Value]; twice {
			b.add(diag.Diagnostic{Span: key.Span, Kind: "duplicate-key", Message: fmt.Sprintf("the key %q stands here twice", short(key.Value)),
				Hint: "keep one of the two", Related: []diag.Related{{Span: earlier, Message: "the first one"}}})
			continue
		}
		first[key.Value] = key.Span
		value := item.value
		if value.isNull() {
			hint := "give it a value, or leave the key out"
			if value.Scalar.Value != "" {
				hint = fmt.Sprintf("leave the key out; for the word itself write it in quotes: %q", value.Scalar.Value)
			}
			b.report(key.Span, "no-value", fmt.Sprintf("%q has no value", short(key.Value)), hint)
			value = Value{}
		}
		v.Map = append(v.Map, Entry{Key: key, Value: value})
	}
	b.closeFlow(n, &v.Span)
}

func (r *built) add(child *built) {
	r.nodes += child.nodes
	r.height = max(r.height, child.height+1)
}

// endOf gives where a child ends in its parent: for an alias the end of its name.
func endOf(n *yaml.Node, child *built) diag.Position {
	if n.Kind == yaml.AliasNode {
		return diag.Position{Line: n.Line, Column: n.Column + 1 + len([]rune(n.Value))}
	}
	return child.value.Span.End
}

func later(a, b diag.Position) diag.Position {
	if a.Before(b) {
		return b
	}
	return a
}

// closeFlow lets the span of an empty [] or {} hold both signs, and that of others the closing one where it
// follows at once.
func (b *builder) closeFlow(n *yaml.Node, span *diag.Span) {
	if n.Style&yaml.FlowStyle == 0 {
		return
	}
	end := span.End
	if len(n.Content) == 0 {
		end.Column++
	}
	for i, c := range b.source.after(end) {
		switch c {
		case ' ', ',':
			continue
		case ']', '}':
			span.End = diag.Position{Line: end.Line, Column: end.Column + i + 1}
		}
		return
	}
}
