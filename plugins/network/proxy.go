package network

import (
	"encoding/json"

	"github.com/rectify-project/rectify/sdk"
)

// ProxyInput is the input of `network.proxy`.
type ProxyInput struct {
	URL string `json:"url,omitempty" jsonschema_description:"Address to find the proxy for; the settings alone if not given"`
}

// ProxyOutput is the output of `network.proxy`.
type ProxyOutput struct {
	Direct     bool     `json:"direct" jsonschema_description:"No proxy is used, for the address if one is given"`
	Proxy      string   `json:"proxy,omitempty" jsonschema_description:"Host and port of the proxy; absent where there is none"`
	Bypass     []string `json:"bypass,omitempty" jsonschema_description:"Hosts that are reached without it"`
	ScriptURL  string   `json:"script_url,omitempty" jsonschema_description:"Address of the configuration script (PAC); absent where there is none"`
	AutoDetect bool     `json:"auto_detect" jsonschema_description:"Whether the network is asked for a script (WPAD)"`
	Source     string   `json:"source" jsonschema:"enum=none,enum=winhttp,enum=policy,enum=system_account" jsonschema_description:"Where the setting comes from: netsh winhttp, a policy, the Internet settings of the account SYSTEM"`

	Evidence []sdk.Evidence `json:"-"`
}

func proxyProbe() sdk.Probe {
	return sdk.DeclareProbe[ProxyInput, ProxyOutput](sdk.ProbeManifest{
		Name:    "proxy",
		Summary: "The proxy that Windows services use",
		Doc:     "Services, Windows Update among them, use the settings of WinHTTP and of the account SYSTEM, never those of the user who is logged on.",
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"direct":true,"auto_detect":false,"source":"none"}`),
	})
}
