package hresult

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// The tables hold numbers and symbols, one "code,symbol" a line, sorted by number.
//
// windows-update.csv: wuerror.h of the Windows SDK. servicing.csv: no public header exists; symbols as the servicing
// stack itself prints them. delivery-optimization.csv: deliveryoptimizationerrors.h. generic.csv: winerror.h.
// win32.csv: winerror.h, winhttp.h and wininet.h, decimal, seen as 0x8007xxxx. A number that two of the headers name
// has two lines, winhttp.h first, because Windows Update downloads through WinHTTP.
var (
	//go:embed windows-update.csv
	windowsUpdateCSV string
	//go:embed servicing.csv
	servicingCSV string
	//go:embed delivery-optimization.csv
	deliveryOptimizationCSV string
	//go:embed win32.csv
	win32CSV string
	//go:embed generic.csv
	genericCSV string
)

// Name is what a code is called.
type Name struct {
	Symbol string // WU_E_SERVICE_STOP
	Source string // where the symbol comes from, in words
}

// Names gives the names of a code, most specific first; none when the code is in no table. A number can have several:
// 0x80072F8F is ERROR_WINHTTP_SECURE_FAILURE and ERROR_INTERNET_DECODING_FAILED.
func (c Code) Names() []Name {
	var names []Name
	for _, table := range []struct{ csv, source string }{
		{windowsUpdateCSV, "Windows Update (wuerror.h)"},
		{servicingCSV, "Windows servicing (CBS)"},
		{deliveryOptimizationCSV, "Delivery Optimization (deliveryoptimizationerrors.h)"},
		{genericCSV, "COM (winerror.h)"},
	} {
		for _, symbol := range lookup(table.csv, c.String()) {
			names = append(names, Name{symbol, table.source})
		}
	}
	if uint32(c)>>16 == 0x8007 {
		win32 := uint32(c) & 0xFFFF
		for _, symbol := range lookup(win32CSV, strconv.FormatUint(uint64(win32), 10)) {
			names = append(names, Name{symbol, fmt.Sprintf("Win32 error %d (%s)", win32, header(win32, symbol))})
		}
	}
	return names
}

// header is the file that defines a Win32 symbol; WinHTTP and WinINet share the numbers from 12000 to 12199.
func header(number uint32, symbol string) string {
	switch {
	case strings.HasPrefix(symbol, "ERROR_WINHTTP_"):
		return "winhttp.h"
	case number >= 12000 && number < 12200:
		return "wininet.h"
	}
	return "winerror.h"
}

// Symbol is the first name of a code, or "" when it has none.
func (c Code) Symbol() string {
	if names := c.Names(); len(names) > 0 {
		return names[0].Symbol
	}
	return ""
}

// facilityName knows those of [MS-ERREF] 2.1 that Windows Update, servicing and what they call answer with. The last two
// are not in that list: winerror.h has 208; 0x190 is Windows setup's own, in the codes of its documentation.
func facilityName(facility uint32) string {
	switch facility {
	case 0:
		return "generic"
	case 1:
		return "RPC"
	case 2:
		return "COM dispatch"
	case 3:
		return "OLE storage"
	case 4:
		return "COM interface"
	case 7:
		return "Win32"
	case 8:
		return "Windows"
	case 9:
		return "security"
	case 10:
		return "control"
	case 11:
		return "certificates"
	case 12:
		return "Internet"
	case 13:
		return "media server"
	case 14:
		return "MSMQ"
	case 15:
		return "setup and servicing"
	case 16:
		return "smart card"
	case 17:
		return "COM+"
	case 23:
		return "side-by-side"
	case 25:
		return "HTTP"
	case 26:
		return "common log"
	case 31:
		return "filter manager"
	case 32:
		return "BITS"
	case 33:
		return "configuration"
	case 34:
		return "state management"
	case 36:
		return "Windows Update"
	case 37:
		return "directory service"
	case 40:
		return "TPM services"
	case 41:
		return "TPM software"
	case 48:
		return "performance logs and alerts"
	case 49:
		return "BitLocker"
	case 50:
		return "filtering platform"
	case 51:
		return "WinRM"
	case 54:
		return "component management"
	case 56:
		return "volume manager"
	case 57:
		return "boot configuration"
	case 58:
		return "virtual disk"
	case 60:
		return "diagnostics"
	case 61:
		return "web services"
	case 80:
		return "Windows Defender"
	case 0x0D0:
		return "Delivery Optimization"
	case 0x190:
		return "Windows setup"
	}
	return fmt.Sprintf("facility 0x%03X", facility)
}

// Facility names the part of Windows that a code belongs to, for codes that no table names.
func (c Code) Facility() string {
	// [MS-ERREF] 2.1: C, N, X and 11 bits of facility. winerror.h numbers facilities into the X bit (DXGI is 0x87A).
	const customer, status, facilityBits = 1 << 29, 1 << 28, 0xFFF
	switch {
	case c&customer != 0:
		return "customer-defined"
	case c&status != 0:
		return "NTSTATUS"
	}
	return facilityName(uint32(c) >> 16 & facilityBits)
}

// lookup finds the lines "key,symbol" of a table, which stand together. The tables are small and looked up a few times
// in a run, so they are searched as they are rather than loaded into a map at every start.
func lookup(csv, key string) []string {
	at := 0
	if !strings.HasPrefix(csv, key+",") {
		i := strings.Index(csv, "\n"+key+",")
		if i < 0 {
			return nil
		}
		at = i + 1
	}
	var symbols []string
	rest := csv[at:]
	for strings.HasPrefix(rest, key+",") {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		symbols = append(symbols, strings.TrimSpace(line[len(key)+1:]))
	}
	return symbols
}
