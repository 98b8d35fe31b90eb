package check

import (
	"fmt"

	"github.com/rectify-project/rectify/engine/diag"
	"github.com/rectify-project/rectify/engine/playbook"
	"github.com/rectify-project/rectify/sdk/hresult"
)

// codes reads the error codes. A code in no table is a warning: most often a digit went wrong.
func (c *checker) codes() {
	first := map[hresult.Code]diag.Span{}
	c.out.Codes = c.codeList(c.doc.Codes, first)
	c.out.Related = c.codeList(c.doc.Related, first)
}

func (c *checker) codeList(scalars []playbook.Scalar, first map[hresult.Code]diag.Span) []hresult.Code {
	var codes []hresult.Code
	for _, s := range scalars {
		code, err := hresult.Parse(s.Value)
		if err != nil {
			c.errorAt(s.Span, "code", err.Error(), "")
			continue
		}
		if earlier, twice := first[code]; twice {
			c.add(diag.Diagnostic{Span: s.Span, Kind: "code", Message: fmt.Sprintf("%s is listed twice", code),
				Hint: "keep one of the two", Related: []diag.Related{{Span: earlier, Message: "the first one is here"}}})
			continue
		}
		if code.Symbol() == "" {
			c.warnAt(s.Span, "code", fmt.Sprintf("%s (%s) has no name in any table", code, code.Facility()), "check its digits")
		}
		first[code] = s.Span
		codes = append(codes, code)
	}
	return codes
}
