package hresult

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		code Code
		want []Name
	}{
		"windows-update": {0x8024001E, []Name{{"WU_E_SERVICE_STOP", "Windows Update (wuerror.h)"}}},
		"wu-success":     {0x00240006, []Name{{"WU_S_ALREADY_INSTALLED", "Windows Update (wuerror.h)"}}},
		"servicing":      {0x800F0821, []Name{{"CBS_E_ABORT", "Windows servicing (CBS)"}}},
		"servicing-last": {0x800F0991, []Name{{"PSFX_E_MISSING_PAYLOAD_FILE", "Windows servicing (CBS)"}}},
		"win32":          {0x80070002, []Name{{"ERROR_FILE_NOT_FOUND", "Win32 error 2 (winerror.h)"}}},
		"generic":        {0x80004005, []Name{{"E_FAIL", "COM (winerror.h)"}}},
		"success":        {0, []Name{{"S_OK", "COM (winerror.h)"}}},
		"com-and-win32": {0x80070005, []Name{
			{"E_ACCESSDENIED", "COM (winerror.h)"}, {"ERROR_ACCESS_DENIED", "Win32 error 5 (winerror.h)"}}},
		"winhttp-and-wininet": {0x80072F8F, []Name{
			{"ERROR_WINHTTP_SECURE_FAILURE", "Win32 error 12175 (winhttp.h)"},
			{"ERROR_INTERNET_DECODING_FAILED", "Win32 error 12175 (wininet.h)"}}},
		"connection-aborted": {0x80072EFE, []Name{
			{"ERROR_WINHTTP_CONNECTION_ERROR", "Win32 error 12030 (winhttp.h)"},
			{"ERROR_INTERNET_CONNECTION_ABORTED", "Win32 error 12030 (wininet.h)"}}},
		"wininet-only":            {0x80072EE3, []Name{{"ERROR_INTERNET_EXTENDED_ERROR", "Win32 error 12003 (wininet.h)"}}},
		"delivery-optimization":   {0x80D02002, []Name{{"DO_E_DOWNLOAD_NO_PROGRESS", "Delivery Optimization (deliveryoptimizationerrors.h)"}}},
		"win32-number-is-no-name": {2, nil},
		"unknown":                 {0x8024FFF0, nil},
		"prefix-of-another":       {0x80070000 | 12345, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.code.Names()
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v.Names() = %v, want %v", c.code, got, c.want)
			}
			first := ""
			if len(c.want) > 0 {
				first = c.want[0].Symbol
			}
			if c.code.Symbol() != first {
				t.Errorf("Symbol() = %q, want %q", c.code.Symbol(), first)
			}
		})
	}
}

func TestFacility(t *testing.T) {
	for name, c := range map[string]struct {
		code Code
		want string
	}{
		"win32":                 {0x80070002, "Win32"},
		"windows-update":        {0x8024001E, "Windows Update"},
		"servicing":             {0x800F0821, "setup and servicing"},
		"interface":             {0x80040154, "COM interface"},
		"bits":                  {0x80200053, "BITS"},
		"certificates":          {0x800B0109, "certificates"},
		"delivery-optimization": {0x80D02002, "Delivery Optimization"},
		"setup":                 {0xC1900101, "Windows setup"},
		"side-by-side":          {0x80170001, "side-by-side"},
		"defender":              {0x80500001, "Windows Defender"},
		"generic":               {0x80004005, "generic"},
		"unnamed":               {0x81230001, "facility 0x123"},
		"twelve-bits":           {0x887A0005, "facility 0x87A"},
		"customer":              {0xA0070002, "customer-defined"},
		"ntstatus":              {0xD0000022, "NTSTATUS"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.code.Facility(); got != c.want {
				t.Errorf("%v.Facility() = %q, want %q", c.code, got, c.want)
			}
		})
	}
}

func TestTablesAreWellFormed(t *testing.T) {
	hex := regexp.MustCompile(`^0x[0-9A-F]{8},[A-Z][A-Za-z0-9_]+$`)
	decimal := regexp.MustCompile(`^(0|[1-9][0-9]{0,4}),[A-Z][A-Za-z0-9_]+$`)
	for name, c := range map[string]struct {
		csv   string
		form  *regexp.Regexp
		twice bool // a number may have two names
	}{
		"windows-update":        {windowsUpdateCSV, hex, false},
		"servicing":             {servicingCSV, hex, false},
		"delivery-optimization": {deliveryOptimizationCSV, hex, false},
		"generic":               {genericCSV, hex, false},
		"win32":                 {win32CSV, decimal, true},
	} {
		t.Run(name, func(t *testing.T) {
			last := int64(-1)
			seen := map[string]bool{}
			for i, line := range strings.Split(strings.TrimSuffix(strings.ReplaceAll(c.csv, "\r\n", "\n"), "\n"), "\n") {
				if !c.form.MatchString(line) {
					t.Errorf("line %d: %q is not \"number,SYMBOL\"", i+1, line)
					continue
				}
				key, symbol, _ := strings.Cut(line, ",")
				n, err := strconv.ParseInt(key, 0, 64)
				if err != nil || n < last || n == last && !c.twice || n > 0xFFFF && c.twice {
					t.Errorf("line %d: %q does not follow %d", i+1, line, last)
				}
				if seen[symbol] {
					t.Errorf("line %d: %s is there already", i+1, symbol)
				}
				seen[symbol], last = true, n
			}
		})
	}
}

// TestPublishedCodesAreNamed compares the tables with codes and symbols collected from Microsoft's articles.
func TestPublishedCodesAreNamed(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "knowledge", "codes.json"))
	if err != nil {
		t.Skipf("the collection of published codes is not beside this checkout: %v", err)
	}
	var published []struct{ Code, Symbol string }
	if err := json.Unmarshal(raw, &published); err != nil {
		t.Fatal(err)
	}
	exceptions := map[string]string{
		"timeout (12002)":                        "words in place of a symbol",
		"WININET_E_CONNECTION_ABORTED":           "the HRESULT spelling of ERROR_INTERNET_CONNECTION_ABORTED, which is named",
		"SECURE_FAILURE/DECODING_FAILED (12175)": "both names of the number, shortened",
		"generic upgrade rollback (driver)": "a result code of Windows setup has no symbol: its meaning is in the extended " +
			"code beside it",
	}
	for _, p := range published {
		code, err := Parse(p.Code)
		if err != nil {
			t.Errorf("%s: %v", p.Code, err)
			continue
		}
		named := slices.ContainsFunc(code.Names(), func(n Name) bool { return n.Symbol == p.Symbol })
		if _, excepted := exceptions[p.Symbol]; named == excepted {
			t.Errorf("%s: published as %s, the tables say %v (exception: %v)", p.Code, p.Symbol, code.Names(), excepted)
		}
	}
}
