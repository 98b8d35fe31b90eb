// Package hresult reads, names and prints HRESULT codes. One code has many spellings in logs, events and articles
// (0x8024001E, 8024001e, -2145124322, 2149842974, hr:0x8024001e, [8024001E]); all of them are one [Code].
package hresult

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Code is a 32-bit HRESULT ([MS-ERREF] 2.1).
type Code uint32

// String is the canonical spelling, "0x8024001E".
func (c Code) String() string { return fmt.Sprintf("0x%08X", uint32(c)) }

// Failed says whether the severity bit is set; 0x00240006 (already installed) is a success code, for instance.
func (c Code) Failed() bool { return c&0x80000000 != 0 }

// MarshalJSON writes the canonical spelling as JSON text.
func (c Code) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// UnmarshalJSON reads any spelling as text, or a JSON number, which is decimal whatever its digits look like. A null
// leaves the code as it is.
func (c *Code) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var v Code
	var err error
	if len(b) > 0 && b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		v, err = Parse(text)
	} else if n, bad := strconv.ParseInt(string(b), 10, 64); bad == nil {
		v, err = FromInt(n)
	} else {
		err = fmt.Errorf("%s is not an HRESULT: expected text such as \"0x8024001E\" or a whole number of 32 bits", b)
	}
	if err != nil {
		return err
	}
	*c = v
	return nil
}

// FromInt makes a code of its number, signed or unsigned: -2145124322 and 2149842974 are both 0x8024001E.
func FromInt(n int64) (Code, error) {
	if n < math.MinInt32 || n > math.MaxUint32 {
		return 0, fmt.Errorf("%d is not an HRESULT: it does not fit into 32 bits", n)
	}
	return Code(uint32(n)), nil
}

// spelling is one code with what stands round it in Windows' logs: "hr:0x8024001e;", "[HRESULT = 0x80070002 -
// ERROR_FILE_NOT_FOUND]", "(0x8024001E)". The group is the number itself.
var spelling = regexp.MustCompile(
	`(?i)^[\[(]?\s*(?:(?:hresult|error|hr)\s*(?:[:=]|\s)\s*)?[\[(]?\s*` +
		`(0x[0-9a-f]+|[0-9a-f]{8}|[+-]?[0-9]+)` +
		`(?:\s+-?\s*[a-z][a-z0-9_]*)?\s*[\])]?\s*[;,.]?\s*[\])]?$`)

// maxSpelling bounds what Parse looks at; the longest symbol of a table has under 90 characters.
const maxSpelling = 256

// Parse reads one code in any of the spellings in which Windows and its documentation write them: hexadecimal with 0x,
// eight hexadecimal digits without it, signed or unsigned decimal, with a leading "hr:", "hr=" or "HRESULT =", with the
// code's symbol behind it, in round or square brackets. Eight digits are hexadecimal even if all of them are decimal
// digits (80070002); any other number without 0x is decimal. A Win32 error number stays itself: 2 is 0x00000002.
func Parse(s string) (Code, error) {
	if len(s) > maxSpelling {
		return 0, fmt.Errorf("%q… is not an HRESULT: it has %d characters", strings.ToValidUTF8(s[:40], ""), len(s))
	}
	if m := spelling.FindStringSubmatch(strings.TrimSpace(s)); m != nil {
		if c, ok := number(strings.ToLower(m[1])); ok {
			return c, nil
		}
	}
	return 0, fmt.Errorf("%q is not an HRESULT: write 0x8024001E, 8024001E or -2145124322", s)
}

func number(s string) (Code, bool) {
	digits, hex := strings.CutPrefix(s, "0x")
	if hex || len(s) == 8 && s[0] != '-' && s[0] != '+' {
		v, err := strconv.ParseUint(digits, 16, 32)
		return Code(v), err == nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, false
	}
	c, err := FromInt(n)
	return c, err == nil
}
