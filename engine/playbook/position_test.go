package playbook

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/engine/diag"
)

// scribe writes YAML and knows where each rune of a scalar's value went.
type scribe struct {
	*rand.Rand
	text   strings.Builder
	at     diag.Position
	value  []rune
	places []diag.Position
}

func (s *scribe) write(text string) {
	for _, c := range text {
		s.text.WriteRune(c)
		if c == '\n' {
			s.at = diag.Position{Line: s.at.Line + 1, Column: 1}
		} else {
			s.at.Column++
		}
	}
}

// put writes source text that stands for one rune of the value.
func (s *scribe) put(c rune, text string) {
	s.value = append(s.value, c)
	s.places = append(s.places, s.at)
	s.write(text)
}

var letters = []rune("abcxyzÄß漢字🙂")

func (s *scribe) word() {
	for range 1 + s.IntN(4) {
		c := letters[s.IntN(len(letters))]
		s.put(c, string(c))
	}
}

// fold breaks the line of a flow scalar: one break stands for a blank, n empty lines for n breaks.
func (s *scribe) fold(indent string) {
	s.write(strings.Repeat(" ", s.IntN(3)))
	if s.IntN(2) == 0 {
		s.put(' ', "\n")
	} else {
		s.write("\n")
		for range 1 + s.IntN(3) {
			s.write(strings.Repeat(" ", s.IntN(4)))
			s.put('\n', "\n")
		}
	}
	s.write(indent)
}

var escapes = map[string]rune{`\n`: '\n', `\t`: '\t', `\"`: '"', `\\`: '\\', `\x41`: 'A', `\u00e4`: 'ä', `\U0001F642`: '🙂', `\e`: 0x1b, `\ `: ' ', `\N`: 0x85}
var escapeList = []string{`\n`, `\t`, `\"`, `\\`, `\x41`, `\u00e4`, `\U0001F642`, `\e`, `\ `, `\N`}

// flowScalar writes a plain or a quoted scalar.
func (s *scribe) flowScalar(style Style, indent string) {
	quote := map[Style]string{Single: "'", Double: `"`}[style]
	s.write(quote)
	s.word()
	for range s.IntN(6) {
		switch s.IntN(4) {
		case 0:
			s.fold(indent)
		case 1:
			for range 1 + s.IntN(3) {
				s.put(' ', " ")
			}
		case 2:
			switch {
			case style == Single:
				s.put('\'', "''")
			case style == Double && s.IntN(4) == 0:
				s.write("\\\n" + indent)
			case style == Double:
				e := escapeList[s.IntN(len(escapeList))]
				s.put(escapes[e], e)
			}
		}
		s.word()
	}
	s.write(quote)
}

// blockScalar writes a literal or folded scalar whose lines are indented by so many spaces; parent is the
// indentation of its key.
func (s *scribe) blockScalar(style Style, parent, indent int) {
	header := map[Style]string{Literal: "|", Folded: ">"}[style]
	lines := make([]string, 1+s.IntN(6))
	for i := range lines {
		if i > 0 && s.IntN(3) == 0 {
			continue // an empty line
		}
		for range 1 + s.IntN(3) {
			lines[i] += string(letters[s.IntN(len(letters))]) + strings.Repeat(" ", s.IntN(2))
		}
		if s.IntN(3) == 0 {
			lines[i] = strings.Repeat(" ", 1+s.IntN(2)) + lines[i]
		}
	}
	lines[len(lines)-1] = "end"
	if strings.HasPrefix(lines[0], " ") || s.IntN(2) == 0 {
		header += fmt.Sprint(indent - parent)
	}
	chomp := []string{"", "-", "+"}[s.IntN(3)]
	s.write(header + chomp + "\n")
	for i, line := range lines {
		if line == "" {
			s.write(strings.Repeat(" ", s.IntN(indent+1)))
		} else {
			s.write(strings.Repeat(" ", indent))
		}
		for _, c := range line {
			s.put(c, string(c))
		}
		if i == len(lines)-1 {
			break
		}
		// A folded break stands for a blank between two ordinary lines, for nothing before empty lines that an
		// ordinary line follows, else for itself.
		next := i + 1
		for lines[next] == "" {
			next++
		}
		ordinary := !strings.HasPrefix(lines[next], " ") && !strings.HasPrefix(line, " ")
		switch {
		case style == Literal || line == "" || !ordinary:
			s.put('\n', "\n")
		case next == i+1:
			s.put(' ', "\n")
		default:
			s.write("\n")
		}
	}
	if chomp == "-" {
		s.write("\n")
		return
	}
	s.put('\n', "\n")
	for range s.IntN(3) {
		if chomp == "+" {
			s.put('\n', "\n")
		} else {
			s.write("\n")
		}
	}
}

type writtenScalar struct {
	value  string
	places []diag.Position
}

// newDocument writes a mapping of many scalars in all styles.
func newDocument(seed uint64, n int) (string, []writtenScalar) {
	s := &scribe{Rand: rand.New(rand.NewPCG(seed, 1)), at: diag.Position{Line: 1, Column: 1}}
	s.write("root:\n")
	var all []writtenScalar
	for i := range n {
		s.value, s.places = nil, nil
		s.write(fmt.Sprintf("  k%d: ", i))
		style := Style(s.IntN(5))
		flow := style <= Double && s.IntN(3) == 0
		if flow {
			s.write("[ ")
		}
		if s.IntN(3) == 0 {
			s.write(fmt.Sprintf("&a%d ", i))
			if style <= Double && s.IntN(2) == 0 {
				s.write([]string{"\n     ", " # a remark\n     "}[s.IntN(2)])
			}
		}
		if style <= Double {
			s.flowScalar(style, strings.Repeat(" ", 3+s.IntN(4)))
			if flow {
				s.write([]string{"]", " , x]", ", ]"}[s.IntN(3)])
			}
			s.write([]string{"\n", "  # a remark\n"}[s.IntN(2)])
		} else {
			s.blockScalar(style, 2, 3+s.IntN(4))
		}
		all = append(all, writtenScalar{string(s.value), s.places})
	}
	return s.text.String(), all
}

// TestPositions compares the place of every rune of generated scalars with where it was written.
func TestPositions(t *testing.T) {
	scalars := 0
	for seed := range uint64(300) {
		text, written := newDocument(seed, 40)
		if seed%2 == 1 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		src, fatal := readSource("p.yaml", []byte(text))
		if fatal != nil {
			t.Fatal(fatal)
		}
		r := &reader{file: "p.yaml"}
		root, _ := r.readTree(src, false)
		if len(r.list) > 0 {
			t.Fatalf("seed %d:\n%s\n%s", seed, render(t, "p.yaml", []byte(text), r.list), text)
		}
		for i, want := range written {
			v := root.Get("root").Get(fmt.Sprintf("k%d", i))
			for v.Kind == ListValue {
				v = &v.List[0]
			}
			if v.Scalar.Value != want.value {
				t.Fatalf("seed %d, k%d: the generator meant %q, YAML reads %q", seed, i, want.value, v.Scalar.Value)
			}
			for j, place := range want.places {
				if got := v.Scalar.At(j); got != place {
					t.Fatalf("seed %d, k%d, rune %d of %q: got %s, want %s", seed, i, j, want.value, got, place)
				}
			}
			scalars++
		}
	}
	if scalars != 12_000 {
		t.Fatalf("only %d scalars were compared", scalars)
	}
}

// TestGoldenWithCRLF reads each golden case with the other line ends: nothing may move.
func TestGoldenWithCRLF(t *testing.T) {
	for name, src := range goldenSources(t) {
		crlf := []byte(strings.ReplaceAll(string(src), "\n", "\r\n"))
		want, got := parseAny(name, src), parseAny(name, crlf)
		if len(want) > 0 && want[0].Kind == "encoding" {
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v\nwant %v", name, got, want)
		}
	}
}

// TestDiagnosticsPointIntoTheFile holds every place of every golden case against the file's lines.
func TestDiagnosticsPointIntoTheFile(t *testing.T) {
	for name, src := range goldenSources(t) {
		lines := strings.Split(strings.TrimPrefix(string(src), "\ufeff"), "\n")
		for _, d := range parseAny(name, src) {
			for _, p := range []diag.Position{d.Span.Start, d.Span.End} {
				if !d.Span.Start.Known() {
					continue
				}
				if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len([]rune(lines[p.Line-1]))+2 || d.Span.End.Before(d.Span.Start) {
					t.Errorf("%s: %v ends outside of the file: %v", name, d, d.Span)
				}
			}
		}
	}
}
