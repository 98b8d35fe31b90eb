package condition

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/sdk/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if clean := strings.ReplaceAll(string(want), "\r\n", "\n"); clean != got {
		t.Errorf("%s differs; run the tests with -update and look at the difference\n%s", path, firstDifference(clean, got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range g {
		if i >= len(w) || w[i] != g[i] {
			return fmt.Sprintf("line %d: %s", i+1, g[i])
		}
	}
	return fmt.Sprintf("it ends after line %d", len(g))
}

// underlined draws a problem under the source, one line of the source at a time.
func underlined(source string, p *Problem) string {
	var b strings.Builder
	offset := 0
	for _, line := range strings.SplitAfter(source, "\n") {
		runes := []rune(strings.TrimSuffix(line, "\n"))
		fmt.Fprintf(&b, "    %s\n", string(runes))
		from, to := max(p.From-offset, 0), min(p.To-offset, len(runes))
		if to > from || p.From == offset+len(runes) && p.To > p.From {
			fmt.Fprintf(&b, "    %s%s\n", strings.Repeat(" ", from), strings.Repeat("^", max(to-from, 1)))
		}
		offset += len([]rune(line))
	}
	fmt.Fprintf(&b, "  %s\n", p.Message)
	if p.Hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", p.Hint)
	}
	return b.String()
}

func TestProblems(t *testing.T) {
	sources := map[string]string{
		"unknown-name":                `attemps.open`,
		"unknown-name-like-none":      `zzzzzz > 1`,
		"unknown-field":               `attempts.opne`,
		"unknown-field-in-predicate":  `any(attempts.failed, .phse == "download")`,
		"unknown-field-of-map-keys":   `log.patterns.stoped.count > 0`,
		"unknown-field-quoted":        `attempts["opne"]`,
		"unknown-symptom":             `symptoms.slwo`,
		"unknown-input":               `given(inputs.packge)`,
		"unknown-function":            `lenght(attempts.open) > 0`,
		"function-find":               `find(attempts.open, .phase == "download")`,
		"function-reduce":             `reduce(attempts.open, #acc + 1, 0)`,
		"function-repeat":             `repeat("a", 100000)`,
		"function-replace":            `replace("a", "a", "b")`,
		"function-split":              `split("a", "b")`,
		"function-now":                `now() > now`,
		"function-flatten":            `flatten([[1]])`,
		"namespace-alone":             `symptoms == causes`,
		"text-with-number":            `disk.volume > 15`,
		"number-with-text":            `disk.ratio < "15"`,
		"condition-is-a-list":         `attempts.open`,
		"condition-is-a-number":       `log.patterns.stopped.count`,
		"condition-is-text":           `source.server`,
		"condition-is-an-object":      `log.patterns`,
		"and-of-a-number":             `source.wsus and disk.free`,
		"not-of-text":                 `not source.server`,
		"ternary-of-a-number":         `disk.free ? 1 : 2`,
		"ternary-branches":            `source.wsus ? 1 : "a"`,
		"enum-never":                  `service.start_type == "disable"`,
		"enum-never-reversed":         `"disable" != service.start_type`,
		"enum-never-in":               `service.start_type in ["manual", "disable"]`,
		"enum-in-predicate":           `any(attempts.open, .phase == "Download")`,
		"list-member":                 `attempts.open.phase == "download"`,
		"list-index-text":             `attempts.open[source.server]`,
		"list-compared":               `attempts.open == []`,
		"object-compared":             `disk == source`,
		"hresult-with-text":           `attempts.failed[0].code == "0x8024001E"`,
		"hresult-with-number":         `any(attempts.failed, .code == 0x8024001E)`,
		"hresult-ordered":             `any(attempts.failed, .code > hresult("0x8024001E"))`,
		"hresult-in-texts":            `attempts.failed[0].code in ["0x8024001E"]`,
		"bool-ordered":                `source.wsus > true`,
		"size-with-text":              `disk.free < "10GiB"`,
		"duration-with-text":          `source.answer_time > "3s"`,
		"duration-with-number":        `source.answer_time > 3`,
		"time-with-text":              `now > "2026-01-10"`,
		"version-with-text":           `version(info.build) >= "10.0"`,
		"bad-regexp":                  `source.server matches "(a"`,
		"lookahead-regexp":            `source.server matches "(?!a)"`,
		"huge-regexp":                 `source.server matches "((a{100}){10}b){5}"`,
		"huger-regexp":                `source.server matches "(a{500}|b{500}|c{500}|d{500}|e{500}|f{500}|g{500}|h{500}|i{500}|j{500}|k{500})"`,
		"computed-regexp":             `source.server matches source.server`,
		"matches-on-a-number":         `disk.free matches "1"`,
		"bad-hresult":                 `any(attempts.failed, .code == hresult("zz"))`,
		"bad-size":                    `disk.free < size("10 gigs")`,
		"bad-duration":                `source.answer_time > duration("3 sec")`,
		"bad-time":                    `now > time("10.01.2026")`,
		"bad-version":                 `version("ten") < version("11")`,
		"literal-of-a-number":         `duration(5) > duration("1s")`,
		"nil":                         `source.server == nil`,
		"range":                       `1..5`,
		"pipe":                        `attempts.open | filter(.phase == "download")`,
		"builtin-prefix":              `::len(attempts.open) > 0`,
		"item-outside-a-list":         `# > 1`,
		"field-outside-a-list":        `.phase == "download"`,
		"accumulator":                 `any(attempts.open, #acc > 1)`,
		"index-pointer":               `map(attempts.open, #index)`,
		"if-else":                     `if source.wsus { 1 } else { 2 }`,
		"sequence-of-expressions":     `source.wsus; source.wsus`,
		"slice":                       `attempts.open[0:1]`,
		"environment":                 `$env.disk`,
		"environment-index":           `$env["disk"].free > size(1)`,
		"method-call":                 `source.server.lower() == "x"`,
		"spread":                      `[...attempts.open]`,
		"assignment":                  `source.wsus = true`,
		"bitwise":                     `5 & 3`,
		"power":                       `2 ** 10 > 1`,
		"bytes":                       `b"abc" == b"abc"`,
		"elvis":                       `source.wsus ?: true`,
		"chained-comparison":          `1 < attempts.total < 5`,
		"mixed-coalesce":              `disk.volume ?? "a" == "b"`,
		"coalesce-types":              `(disk.volume ?? 5) == "C:"`,
		"empty":                       ``,
		"blank":                       "  \n ",
		"not-utf-8":                   "disk.free > 1 and \"\xff\"",
		"open-bracket":                `any(attempts.open, .phase == "download"`,
		"open-text":                   `source.server == "abc`,
		"extra-bracket":               `source.wsus)`,
		"too-many-nodes":              strings.Repeat("1+", 300) + "1 > 0",
		"beyond-ascii":                "source.server == \"Üb→日本\" and disk.fre > 1",
		"several-lines":               "source.wsus\n  and any(attempts.failed,\n    .phse == \"Ü\")",
		"several-problems":            `disk.fre > 1 or source.wsu`,
		"problem-in-brackets":         `(1 + 2) * (3 + "a") > 2`,
		"problem-with-brackets-first": `((disk.volume)) + 1 > 0`,
		"brackets-in-text":            `"(((" + 1 == ")"`,
		"no-predicate":                `any(attempts.open)`,
		"predicate-is-a-number":       `any(attempts.open, 1)`,
		"any-of-text":                 `any(source.server, true)`,
		"len-of-a-number":             `len(disk.free) > 0`,
		"len-of-nothing":              `len() > 0`,
		"first-of-text":               `first(source.server)`,
		"sum-of-texts":                `sum(attempts.open, .title) > 1`,
		"sort-by-bool":                `sortBy(attempts.open, true)`,
		"sort-order":                  `sortBy(attempts.open, .title, "down")`,
		"max-of-texts":                `max(map(attempts.open, .title))`,
		"max-of-different-types":      `max(1, now)`,
		"given-of-a-probe":            `given(disk)`,
		"given-of-a-variable":         `let inputs = disk; given(inputs.volume)`,
		"confirmed-of-a-condition":    `confirmed(source.wsus)`,
		"require-computed-reason":     `require(source.wsus, true, source.server)`,
		"within-number":               `within(now, 1, now)`,
		"overlaps-times":              `overlaps(now, now)`,
		"sequence-without-time":       `sequence(duration("1h"), attempts.open, attempts.failed)`,
		"sequence-number":             `sequence(30, attempts.open, attempts.failed)`,
		"mixed-list":                  `[1, "a"]`,
		"field-twice":                 `{"a": 1, "a": 2}`,
		"computed-field":              `{(source.server): 1}`,
		"computed-member":             `disk[source.server]`,
		"free-data":                   `info.data.x > 1`,
		"member-of-a-number":          `disk.free.x > 1`,
		"time-plus-time":              `now + now > now`,
		"duration-times-duration":     `source.answer_time * source.answer_time > duration("1s")`,
		"size-times-size":             `disk.free * disk.free > size(1)`,
		"modulo-number":               `disk.ratio % 2 == 0`,
		"minus-text":                  `-source.server == "x"`,
		"variable-misspelt":           `let boundary = 5; boundry > 4`,
		"let-in-a-list":               `any(attempts.open, let x = .titl; x == "a")`,
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		source := sources[name]
		e, problems := Compile(source, sampleTypes(), boolType)
		if e != nil || len(problems) == 0 {
			t.Errorf("%s: %q compiles", name, source)
			continue
		}
		fmt.Fprintf(&b, "%s\n", name)
		for _, p := range problems {
			if runes := len([]rune(source)); p.From < 0 || p.To > max(runes, 1)+1 || p.From > p.To || p.Message == "" {
				t.Errorf("%s: %d..%d of %d runes: %q", name, p.From, p.To, runes, p.Message)
			}
			fmt.Fprint(&b, strings.ToValidUTF8(underlined(source, p), "?"))
		}
		b.WriteString("\n")
	}
	golden(t, "problems.txt", b.String())
}

func TestOtherTypesAreWanted(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		want   *schema.Type
		says   string
	}{
		"list-for-text":     {`attempts.open`, textType, "the expression is a list of objects, expected text"},
		"text-for-list":     {`source.server`, schema.ListOf(textType), "the expression is text, expected a list of text"},
		"int-for-size":      {`5`, sizeType, ""},
		"size-for-int":      {`disk.free`, intType, ""},
		"empty-list":        {`[]`, schema.ListOf(textType), ""},
		"path-for-text":     {`tasks.tasks[0].path`, textType, ""},
		"object-for-object": {`{"a": 1, "b": 2}`, schema.ObjectOf(required("a", intType)), ""},
		"object-lacks":      {`{"b": 2}`, schema.ObjectOf(required("a", intType)), "the expression is an object, expected an object"},
		"object-for-map":    {`{"b": "x"}`, &schema.Type{Kind: schema.Map, Elem: textType}, ""},
		"any":               {`disk`, anyType, ""},
		"wrong-definition":  {`broken`, intType, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := Compile(c.source, sampleTypes(), c.want)
			got := ""
			if len(problems) > 0 {
				got = problems[0].Message
			}
			if got != c.says {
				t.Errorf("%q, want %q", got, c.says)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"probe":                     {`attempts.open[0].title == "x"`, `["attempts"]`},
		"member-of-a-namespace":     {`symptoms.slow and given(inputs.package)`, `["inputs.package","symptoms.slow"]`},
		"quoted-member":             {`symptoms["slow"]`, `["symptoms.slow"]`},
		"once-each":                 {`disk.free > size(1) or disk.free < size(2)`, `["disk"]`},
		"variable-like-a-name":      {`let disk = 1; disk > 0`, `[]`},
		"variable-like-a-namespace": {`any(tasks.tasks, any(.runs, let run = #; run.started < now))`, `["now","tasks"]`},
		"none":                      {`1 > 0`, `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			names := mustCompile(t, c.source, nil).Names()
			if names == nil {
				names = []string{}
			}
			if got, _ := json.Marshal(names); string(got) != c.want {
				t.Errorf("names %s, want %s", got, c.want)
			}
		})
	}
}

func TestLiteral(t *testing.T) {
	if v, ok := mustCompile(t, `size("1KiB") * 2`, nil).Literal(); !ok || v != int64(2048) {
		t.Errorf("%v, %t", v, ok)
	}
	for _, source := range []string{`disk.free`, `1 / 0`, `first([])`} {
		if v, ok := mustCompile(t, source, nil).Literal(); ok {
			t.Errorf("%s is the literal %v", source, v)
		}
	}
}
