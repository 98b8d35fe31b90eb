package proxy

import (
	"context"
	"errors"
	"net/url"

	"github.com/rectify-project/rectify/internal/machine/conformance"
)

// Suite tries what is relied upon. The network is asked for nothing.
func Suite(m Machine) conformance.Suite {
	serves := []string{"network.proxy", "network.http"}
	return conformance.Suite{Name: "proxy", Checks: []conformance.Check{
		{
			Name: "WinHTTP tells its proxy", API: []string{"winhttp!WinHttpGetDefaultProxyConfiguration", "kernel32!GlobalFree"}, Serves: serves,
			Run: func(ctx context.Context) error {
				if _, err := m.WinHTTP(ctx); err != nil {
					return conformance.Differs("%v", err)
				}
				return nil
			},
		},
		{
			Name: "the stored settings of machine and SYSTEM account are read", Serves: serves,
			API: []string{"advapi32!RegOpenKeyExW", "advapi32!RegQueryValueExW"},
			Run: func(ctx context.Context) error {
				stored, err := m.Stored(ctx)
				if err != nil {
					return conformance.Differs("%v", err)
				}
				for _, c := range []Connection{stored.Machine, stored.System} {
					if _, err := c.settings(); err != nil {
						return conformance.Differs("%v", err)
					}
				}
				return nil
			},
		},
		{
			Name: "a configuration script that cannot be loaded is told as that", Serves: serves,
			API: []string{"winhttp!WinHttpOpen", "winhttp!WinHttpSetTimeouts", "winhttp!WinHttpGetProxyForUrl", "winhttp!WinHttpCloseHandle"},
			Run: func(ctx context.Context) error {
				// Nothing listens on port 9 of this machine, or what does gives no script.
				_, err := m.Run(ctx, "http://rectify.invalid/", Settings{ScriptURL: "http://127.0.0.1:9/wpad.dat"})
				if err == nil || errors.Is(err, ErrNoScript) {
					return conformance.Differs("a script that is not there gives %v", err)
				}
				return nil
			},
		},
		{
			Name: "the proxy that services use for an address is found", Serves: serves, API: []string{"winhttp!WinHttpGetDefaultProxyConfiguration"},
			Run: func(ctx context.Context) error {
				s, _, _, err := Effective(ctx, m)
				if err != nil {
					return conformance.Differs("%v", err)
				}
				s.ScriptURL, s.AutoDetect = "", false // which would ask the network
				if _, err := For(ctx, m, &url.URL{Scheme: "https", Host: "rectify.invalid"}, s); err != nil {
					return conformance.Differs("%v", err)
				}
				return nil
			},
		},
	}}
}
