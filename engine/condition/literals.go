package condition

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// versionNumber is a dotted version, compared part by part.
type versionNumber []int64

func parseVersion(in any) (any, error) {
	var v versionNumber
	s, _ := in.(string)
	for _, part := range strings.SplitN(strings.TrimSpace(s), ".", 9) {
		n, err := strconv.ParseUint(part, 10, 63)
		if err != nil || len(v) == 8 {
			return nil, fmt.Errorf("%q is not a version: write numbers with dots, as in 10.0.19045.3570", cut(s, 40))
		}
		v = append(v, int64(n))
	}
	return v, nil
}

func (v versionNumber) compare(o versionNumber) int {
	for i := range max(len(v), len(o)) {
		var a, b int64
		if i < len(v) {
			a = v[i]
		}
		if i < len(o) {
			b = o[i]
		}
		if a != b {
			if a < b {
				return -1
			}
			return 1
		}
	}
	return 0
}

// String joins the parts with dots.
func (v versionNumber) String() string {
	parts := make([]string, len(v))
	for i, n := range v {
		parts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(parts, ".")
}

// literalFunction reads a text as a value of another type: hresult("0x80246002"). On literal text it is read when the
// expression is compiled, so that a bad one is an error of the playbook.
func literalFunction(name string) function {
	result, read := literalKind(name)
	return function{
		usage: fmt.Sprintf("%s(%q)", name, map[string]string{"hresult": "0x8024001E", "size": "10GiB", "duration": "10m", "time": "2026-01-10T09:00:00Z", "version": "10.0.19045"}[name]),
		check: func(c *checker, call ast.Node, args []ast.Node) *schema.Type {
			types, ok := c.arguments(call, args, 1, 1)
			if !ok {
				return nil
			}
			number := types[0].Kind == schema.Int && (name == "hresult" || name == "size")
			if !textual(types[0]) && !number {
				return c.usage(call)
			}
			var source any
			switch lit := args[0].(type) {
			case *ast.StringNode:
				source = lit.Value
			case *ast.IntegerNode:
				source = int64(lit.Value)
			default:
				return result
			}
			v, err := read(source)
			if err != nil {
				return c.complain(args[0], "", "%v", err)
			}
			c.expr.folded[call] = v
			return result
		},
		eval: func(e *evaluation, call ast.Node, args []ast.Node) Value {
			if v, ok := e.expr.folded[call]; ok {
				return Value{data: v}
			}
			arg := e.eval(args[0])
			if v, stop := firstNotKnown(arg); stop {
				return v
			}
			e.spend(textBytes(arg) / 16)
			v, err := read(arg.data)
			if err != nil {
				return Unknown(Why{Reason: err.Error()})
			}
			return Value{data: v, ref: arg.ref}
		},
	}
}

func literalKind(name string) (*schema.Type, func(any) (any, error)) {
	switch name {
	case "hresult":
		return hresultType, hresultType.Scalar
	case "size":
		return sizeType, sizeType.Scalar
	case "duration":
		return durationType, durationType.Scalar
	case "time":
		return timeType, timeType.Scalar
	}
	return versionType, parseVersion
}

func textFunction(name string) function {
	return function{
		usage: name + "(text)",
		check: func(c *checker, call ast.Node, args []ast.Node) *schema.Type {
			types, ok := c.arguments(call, args, 1, 1)
			if !ok {
				return nil
			}
			if !textual(types[0]) {
				return c.complain(args[0], "", "%s is %s, expected text", c.quoted(args[0]), article(types[0]))
			}
			return textType
		},
		eval: func(e *evaluation, call ast.Node, args []ast.Node) Value {
			arg := e.eval(args[0])
			s, ok := arg.data.(string)
			if arg.state != known || !ok {
				return arg
			}
			e.build(len(s))
			if name == "lower" {
				arg.data = strings.ToLower(s)
			} else if s != "" {
				arg.data = path.Base(strings.ReplaceAll(s, `\`, "/"))
			}
			return arg
		},
	}
}
