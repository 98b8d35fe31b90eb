package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/rectify-project/rectify/sdk/schema"
)

// checker types an expression bottom up. A node whose type is nil has been complained about; nothing more is said of
// what is built on it.
type checker struct {
	expr     *Expression
	scope    Scope
	problems []*Problem
	names    []string

	items     []*schema.Type // what # is, innermost last
	variables []variable     // of `let x = …; …`
}

type variable struct {
	name string
	typ  *schema.Type
}

var (
	boolType     = schema.Of(schema.Bool)
	intType      = schema.Of(schema.Int)
	numberType   = schema.Of(schema.Number)
	textType     = schema.Of(schema.Text)
	durationType = schema.Of(schema.Duration)
	timeType     = schema.Of(schema.Time)
	sizeType     = schema.Of(schema.Size)
	hresultType  = schema.Of(schema.HResult)
	anyType      = schema.Of(schema.Any)
)

func (c *checker) complain(n ast.Node, hint, format string, args ...any) *schema.Type {
	from, to := c.expr.layout.span(n)
	c.problems = append(c.problems, &Problem{From: from, To: to, Message: fmt.Sprintf(format, args...), Hint: hint})
	return nil
}

// typeOf types a node and remembers it for the evaluator.
func (c *checker) typeOf(n ast.Node) *schema.Type {
	t := c.infer(n)
	c.expr.types[n] = t
	return t
}

func (c *checker) infer(n ast.Node) *schema.Type {
	switch n := n.(type) {
	case *ast.BoolNode:
		return boolType
	case *ast.IntegerNode:
		return intType
	case *ast.FloatNode:
		return numberType
	case *ast.StringNode:
		return textType
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.ChainNode:
		return c.typeOf(n.Node)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.VariableDeclaratorNode:
		c.variables = append(c.variables, variable{n.Name, c.typeOf(n.Value)})
		t := c.typeOf(n.Expr)
		c.variables = c.variables[:len(c.variables)-1]
		return t
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.MapNode:
		return c.object(n)
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(n, callee.Value, n.Arguments)
		}
		return c.complain(n, "write function(value): lower(x)", "only functions can be called")
	case *ast.SequenceNode:
		return c.complain(n, "combine conditions with `and` and `or`", "there is one expression; `;` stands behind `let name = value` only")
	case *ast.SliceNode:
		return c.complain(n, "ask for one item with list[0], or filter the list", "parts of lists are not part of the playbook language")
	case *ast.NilNode:
		return c.complain(n, "ask known(x), or give a replacement for absent data with x ?? …", "there is no nil")
	}
	return c.complain(n, "", "this is not part of the playbook language")
}

// bound says whether a name is that of a variable.
func (c *checker) bound(name string) bool {
	return slices.ContainsFunc(c.variables, func(v variable) bool { return v.name == name })
}

func (c *checker) identifier(n *ast.IdentifierNode) *schema.Type {
	for i := len(c.variables) - 1; i >= 0; i-- {
		if c.variables[i].name == n.Value {
			return c.variables[i].typ
		}
	}
	t, ok := c.scope.Lookup(n.Value)
	if !ok {
		return c.complain(n, didYouMean(n.Value, c.known()), "unknown name %q", n.Value)
	}
	if isNamespace(n.Value) {
		return c.complain(n, "ask for one of its members: "+n.Value+".name", "%s is not a value", n.Value)
	}
	c.names = append(c.names, n.Value)
	return t
}

// known lists what a name may be, for hints.
func (c *checker) known() []string {
	names := c.scope.Names()
	for _, v := range c.variables {
		names = append(names, v.name)
	}
	return names
}

func (c *checker) pointer(n *ast.PointerNode) *schema.Type {
	if n.Name != "" {
		return c.complain(n, "", "#%s is not part of the playbook language; # is the item", n.Name)
	}
	if len(c.items) == 0 {
		return c.complain(n, "write the name of the list that it belongs to", "# and .field stand for an item inside any(…), filter(…), map(…) and the like only")
	}
	return c.items[len(c.items)-1]
}

func (c *checker) member(n *ast.MemberNode) *schema.Type {
	name, constant := n.Property.(*ast.StringNode)
	var of *schema.Type
	if id, ok := n.Node.(*ast.IdentifierNode); ok && constant && isNamespace(id.Value) && !c.bound(id.Value) {
		if of, ok = c.scope.Lookup(id.Value); !ok {
			return c.complain(id, didYouMean(id.Value, c.known()), "unknown name %q", id.Value)
		}
		c.names = append(c.names, id.Value+"."+name.Value)
	} else {
		of = c.typeOf(n.Node)
	}
	if of == nil {
		return nil
	}
	switch of.Kind {
	case schema.Object, schema.Map:
		if !constant {
			return c.complain(n.Property, "", "a field is named literally")
		}
		if f, ok := of.Field(name.Value); ok {
			return f.Type
		}
		if of.Elem != nil {
			return of.Elem
		}
		return c.complain(n.Property, didYouMean(name.Value, of.FieldNames()), "unknown field %q of %s; known are %s", name.Value, c.quoted(n.Node), strings.Join(of.FieldNames(), ", "))
	case schema.List:
		if constant {
			return c.complain(n.Property, "ask for its items: any(…, ."+name.Value+" …), map(…, ."+name.Value+"), first(…)."+name.Value, "%s is a %s, which has no field %q", c.quoted(n.Node), of, name.Value)
		}
		if t := c.typeOf(n.Property); t != nil && t.Kind != schema.Int {
			return c.complain(n.Property, "", "an item of a list is numbered, not %s", article(t))
		}
		return of.Elem
	case schema.Any:
		return c.complain(n, "", "%s is free data; conditions cannot look into it", c.quoted(n.Node))
	}
	return c.complain(n.Property, "", "%s is %s, which has no fields", c.quoted(n.Node), article(of))
}

// quoted names a part of the expression in a message.
func (c *checker) quoted(n ast.Node) string {
	if p, ok := n.(*ast.PointerNode); ok && p.Name == "" {
		return "the item"
	}
	return "`" + cut(c.expr.layout.of(n), 40) + "`"
}

func (c *checker) unary(n *ast.UnaryNode) *schema.Type {
	t := c.typeOf(n.Node)
	if t == nil {
		return nil
	}
	switch n.Operator {
	case "not", "!":
		if t.Kind == schema.Bool {
			return boolType
		}
		return c.complain(n, "", "`not` needs true or false, %s is %s", c.quoted(n.Node), article(t))
	case "-", "+":
		if numeric(t) || t.Kind == schema.Duration {
			return t
		}
	}
	return c.complain(n, "", "%q cannot stand before %s", n.Operator, article(t))
}

func (c *checker) binary(n *ast.BinaryNode) *schema.Type {
	l, r := c.typeOf(n.Left), c.typeOf(n.Right)
	if l == nil || r == nil {
		return nil
	}
	switch n.Operator {
	case "and", "or", "&&", "||":
		for _, side := range []struct {
			n ast.Node
			t *schema.Type
		}{{n.Left, l}, {n.Right, r}} {
			if side.t.Kind != schema.Bool {
				return c.complain(side.n, "", "%q needs true or false on both sides, %s is %s", n.Operator, c.quoted(side.n), article(side.t))
			}
		}
		return boolType
	case "==", "!=", "<", "<=", ">", ">=":
		return c.comparison(n, l, r)
	case "in":
		return c.membership(n, l, r)
	case "matches", "contains", "startsWith", "endsWith":
		return c.textOperator(n, l, r)
	case "??":
		if t := unify(l, r); t != nil {
			return t
		}
		return c.complain(n, "", "the replacement is %s, expected %s", article(r), article(l))
	case "+", "-", "*", "/", "%":
		return c.arithmetic(n, l, r)
	}
	return c.complain(n, "", "%q is not part of the playbook language", n.Operator)
}

func (c *checker) comparison(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	if !comparable(l, r) {
		return c.complain(n, comparisonHint(l, r), "%s cannot be compared with %s", article(l), article(r))
	}
	ordered := n.Operator != "==" && n.Operator != "!="
	if ordered && (l.Kind == schema.Bool || l.Kind == schema.HResult) {
		return c.complain(n, "", "%ss have no order: use == or !=", l)
	}
	if !c.possible(n.Left, n.Right) || !c.possible(n.Right, n.Left) {
		return nil
	}
	return boolType
}

// possible complains about a literal that a value never has, because its schema lists those that it has.
func (c *checker) possible(value, literal ast.Node) bool {
	t := c.expr.types[value]
	lit, ok := literal.(*ast.StringNode)
	if !ok || len(t.Enum) == 0 || slices.Contains(t.Enum, lit.Value) {
		return true
	}
	c.complain(literal, didYouMean(lit.Value, t.Enum), "%s is never %q; it is one of %s", c.quoted(value), lit.Value, strings.Join(t.Enum, ", "))
	return false
}

func comparisonHint(l, r *schema.Type) string {
	for _, t := range []*schema.Type{l, r} {
		switch t.Kind {
		case schema.HResult:
			return `write the code as hresult("0x80246002")`
		case schema.Size:
			return `write the size as size("10GiB")`
		case schema.Duration:
			return `write the duration as duration("10m")`
		case schema.Time:
			return `write the time as time("2026-01-10T09:00:00Z")`
		case schema.List:
			return "lists are asked with any(…), all(…), len(…)"
		}
		if t == versionType {
			return `write the version as version("10.0.19045")`
		}
	}
	return ""
}

func (c *checker) membership(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	switch {
	case r.Kind == schema.List && (comparable(l, r.Elem) || r.Elem.Kind == schema.Any):
		if list, ok := n.Right.(*ast.ArrayNode); ok {
			for _, item := range list.Nodes {
				if !c.possible(n.Left, item) {
					return nil
				}
			}
		}
		return boolType
	case r.Kind == schema.List:
		return c.complain(n, comparisonHint(l, r.Elem), "%s cannot be in a %s", article(l), r)
	}
	return c.complain(n.Right, "", "`in` needs a list on its right, %s is %s", c.quoted(n.Right), article(r))
}

func (c *checker) textOperator(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	for _, side := range []struct {
		n ast.Node
		t *schema.Type
	}{{n.Left, l}, {n.Right, r}} {
		if !textual(side.t) {
			return c.complain(side.n, "", "%q needs text on both sides, %s is %s", n.Operator, c.quoted(side.n), article(side.t))
		}
	}
	if n.Operator == "matches" {
		lit, ok := n.Right.(*ast.StringNode)
		if !ok {
			return c.complain(n.Right, "", "the regular expression of `matches` is written literally")
		}
		re, err := compilePattern(lit.Value)
		if err != nil {
			return c.complain(n.Right, "the syntax is RE2's", "bad regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
		c.expr.regexps[n] = re
	}
	return boolType
}

func (c *checker) arithmetic(n *ast.BinaryNode, l, r *schema.Type) *schema.Type {
	bad := func() *schema.Type {
		return c.complain(n, "", "%q cannot be used between %s and %s", n.Operator, article(l), article(r))
	}
	switch {
	case l == versionType || r == versionType:
		return bad()
	case n.Operator == "+" && textual(l) && textual(r):
		return textType
	case l.Kind == schema.Time && r.Kind == schema.Duration && (n.Operator == "+" || n.Operator == "-"):
		return timeType
	case l.Kind == schema.Duration && r.Kind == schema.Time && n.Operator == "+":
		return timeType
	case l.Kind == schema.Time && r.Kind == schema.Time && n.Operator == "-":
		return durationType
	case l.Kind == schema.Duration && r.Kind == schema.Duration && (n.Operator == "+" || n.Operator == "-"):
		return durationType
	case l.Kind == schema.Duration && r.Kind == schema.Int && (n.Operator == "*" || n.Operator == "/"):
		return durationType
	case l.Kind == schema.Int && r.Kind == schema.Duration && n.Operator == "*":
		return durationType
	case !numeric(l) || !numeric(r):
		return bad()
	case n.Operator == "%":
		if l.Kind == schema.Number || r.Kind == schema.Number {
			return bad()
		}
		return intType
	case l.Kind == schema.Size || r.Kind == schema.Size:
		switch {
		case n.Operator == "/" && l.Kind == r.Kind:
			return numberType
		case n.Operator == "/" && r.Kind == schema.Size:
			return bad()
		case n.Operator == "*" && l.Kind == r.Kind:
			return bad()
		}
		return sizeType
	case n.Operator == "/", l.Kind == schema.Number, r.Kind == schema.Number:
		return numberType
	}
	return intType
}

func (c *checker) conditional(n *ast.ConditionalNode) *schema.Type {
	cond, a, b := c.typeOf(n.Cond), c.typeOf(n.Exp1), c.typeOf(n.Exp2)
	if cond == nil || a == nil || b == nil {
		return nil
	}
	if cond.Kind != schema.Bool {
		return c.complain(n.Cond, "", "the part before ? is %s, expected true or false", article(cond))
	}
	if t := unify(a, b); t != nil {
		return t
	}
	return c.complain(n, "", "one branch is %s, the other %s", article(a), article(b))
}

func (c *checker) array(n *ast.ArrayNode) *schema.Type {
	elem := anyType
	for i, item := range n.Nodes {
		t := c.typeOf(item)
		if t == nil {
			return nil
		}
		if i == 0 {
			elem = t
			continue
		}
		u := unify(elem, t)
		if u == nil {
			return c.complain(item, "", "the items of a list are of one type; this is %s, those before are of type %s", article(t), elem)
		}
		elem = u
	}
	return schema.ListOf(elem)
}

func (c *checker) object(n *ast.MapNode) *schema.Type {
	t := schema.ObjectOf()
	for _, p := range n.Pairs {
		pair := p.(*ast.PairNode)
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			return c.complain(pair.Key, "", "a field is named literally")
		}
		ft := c.typeOf(pair.Value)
		if ft == nil {
			return nil
		}
		if _, dup := t.Field(key.Value); dup {
			return c.complain(pair.Key, "", "the field %q is there twice", key.Value)
		}
		t.Fields = append(t.Fields, schema.Field{Name: key.Value, Type: ft, Required: true})
	}
	return t
}
