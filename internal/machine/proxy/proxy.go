// Package proxy tells which proxy the services of a Windows machine use. Services use WinHTTP, and the Internet settings of the
// account that they run as, mostly SYSTEM; never those of the user who is logged on.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/rectify-project/rectify/sdk/target"
)

// Settings are what is set in one place.
type Settings struct {
	Proxy      string   // as it is set: "proxy:8080", "http=a:80;https=b:443"; empty where none is set
	Bypass     []string // hosts that are reached without it: "*.contoso.com", "<local>"
	ScriptURL  string   // of a configuration script (PAC)
	AutoDetect bool     // whether the network is asked for a script (WPAD)
}

// Set says whether anything is.
func (s Settings) Set() bool { return s.Proxy != "" || s.ScriptURL != "" || s.AutoDetect }

// Source is where settings come from.
type Source string

// The sources.
const (
	None          Source = "none"
	Policy        Source = "policy"         // made for the whole machine instead of each user
	WinHTTP       Source = "winhttp"        // netsh winhttp
	SystemAccount Source = "system_account" // the Internet settings of the account SYSTEM
)

// Stored is what the machine keeps of proxies.
type Stored struct {
	// PerMachine is the policy ProxySettingsPerUser=0: the settings of Machine count for all users, and for WinHTTP too.
	PerMachine bool
	Machine    Connection
	System     Connection // of the account SYSTEM, S-1-5-18
}

// Connection is what is stored for one account, or for the machine, below Internet Settings.
type Connection struct {
	Key     string // the registry key: HKU\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings
	Default []byte // Connections\DefaultConnectionSettings; nil where there is none
	Script  string // AutoConfigURL, which policies and tools set alone
}

// Machine is a running Windows.
type Machine interface {
	// WinHTTP gives what is set with netsh winhttp.
	WinHTTP(ctx context.Context) (Settings, error)
	// Stored reads the registry. What is not there is empty.
	Stored(ctx context.Context) (Stored, error)
	// Run finds the proxy for an address by a script, of the settings or of the network. [ErrNoScript] is a network that
	// has none.
	Run(ctx context.Context, address string, s Settings) (Settings, error)
}

// ErrNoScript says that the network was asked for a script, and has none.
var ErrNoScript = errors.New("the network has no configuration script")

// Effective are the settings that services use, and where they come from. Settings of a policy come first: WinHTTP uses them
// too. Then come those of WinHTTP, then those of the account SYSTEM.
func Effective(ctx context.Context, m Machine) (s Settings, from Source, where string, err error) {
	stored, err := m.Stored(ctx)
	if err != nil {
		return s, "", "", err
	}
	if stored.PerMachine {
		s, err = stored.Machine.settings()
		if err != nil || s.Set() {
			return s, Policy, stored.Machine.Key, err
		}
	}
	s, err = m.WinHTTP(ctx)
	if err != nil || s.Set() {
		return s, WinHTTP, `HKLM\` + winHTTPKey, err
	}
	if !stored.PerMachine {
		s, err = stored.System.settings()
		if err != nil || s.Set() {
			return s, SystemAccount, stored.System.Key, err
		}
	}
	return Settings{}, None, `HKLM\` + winHTTPKey, nil
}

const winHTTPKey = `SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections`

func (c Connection) settings() (Settings, error) {
	var s Settings
	if c.Default != nil {
		var err error
		if s, err = decode(c.Default); err != nil {
			return s, fmt.Errorf(`%s\Connections, DefaultConnectionSettings: %w`, c.Key, err)
		}
	}
	if s.ScriptURL == "" {
		s.ScriptURL = c.Script
	}
	return s, nil
}

// For gives the host and port of the proxy that settings name for an address, after scripts were run; empty where the address
// is reached without one.
func For(ctx context.Context, m Machine, address *url.URL, s Settings) (host string, err error) {
	if s.ScriptURL != "" || s.AutoDetect {
		found, err := m.Run(ctx, address.String(), s)
		switch {
		case errors.Is(err, ErrNoScript): // then what is set by hand counts
		case err != nil:
			return "", err
		default:
			s = found
		}
	}
	if s.Bypasses(address) {
		return "", nil
	}
	return First(s.Proxy, address.Scheme), nil
}

// First is the first proxy for a scheme that a setting names, host and port: of "http=a:80;https=b:443" b:443 for https. A
// proxy that is named for no scheme is for all.
func First(proxies, scheme string) string {
	for _, part := range strings.FieldsFunc(proxies, separates) {
		for_, host, named := strings.Cut(part, "=")
		if !named {
			host = part
		}
		if !named || strings.EqualFold(for_, scheme) {
			if _, rest, ok := strings.Cut(host, "://"); ok {
				host = rest
			}
			return strings.TrimSuffix(host, "/")
		}
	}
	return ""
}

func separates(r rune) bool { return r == ';' || unicode.IsSpace(r) }

// Bypasses says whether the list of exceptions names the host of an address.
func (s Settings) Bypasses(address *url.URL) bool {
	host, port := address.Hostname(), address.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[address.Scheme]
	}
	for _, entry := range s.Bypass {
		if strings.EqualFold(entry, "<local>") {
			if !strings.ContainsAny(host, ".:") {
				return true
			}
			continue
		}
		if scheme, rest, ok := strings.Cut(entry, "://"); ok {
			if !strings.EqualFold(scheme, address.Scheme) {
				continue
			}
			entry = rest
		}
		pattern := entry
		if at := strings.LastIndexByte(entry, ':'); at >= 0 && !strings.HasSuffix(entry, "]") && strings.Count(strings.Trim(entry, "[]"), ":") == 1 {
			if entry[at+1:] != port {
				continue
			}
			pattern = entry[:at]
		}
		if target.Match(strings.Trim(pattern, "[]"), host) {
			return true
		}
	}
	return false
}

// list takes a list of exceptions apart.
func list(text string) []string { return strings.FieldsFunc(text, separates) }
