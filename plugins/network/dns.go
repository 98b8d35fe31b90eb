package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// DNSInput is the input of `network.dns`.
type DNSInput struct {
	Host    string      `json:"host" jsonschema_description:"Name to resolve"`
	Timeout schema.Span `json:"timeout,omitempty" jsonschema:"default=10s" jsonschema_description:"How long it may take, at most 5m"`
}

// DNSOutput is the output of `network.dns`.
type DNSOutput struct {
	OK        bool     `json:"ok" jsonschema_description:"Whether the name has an address"`
	Addresses []string `json:"addresses" jsonschema_description:"Its addresses, IPv4 first, in order; at most 100"`
	Error     string   `json:"error,omitempty" jsonschema_description:"Why there is no address; absent where there is one"`
	ErrorKind string   `json:"error_kind,omitempty" jsonschema:"enum=not_found,enum=timeout,enum=other" jsonschema_description:"not_found: a DNS server says that the name has no address; timeout: none answered; other: one failed"`

	Evidence sdk.Evidence `json:"-"`
}

func dnsProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "dns",
		Summary: "Whether a name has addresses",
		Doc:     "Asks the resolver of the system, as its programs do: the hosts file and suffixes of the machine count.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Network: true},
		Healthy: json.RawMessage(`{"ok":true,"addresses":["192.0.2.7"]}`),
	}, observeDNS)
}

const maxAddresses = 100

func observeDNS(ctx context.Context, call *sdk.Call, in DNSInput) (sdk.Reading[DNSOutput], error) {
	if err := running(call); err != nil {
		return sdk.Reading[DNSOutput]{}, err
	}
	limit, err := timeout(in.Timeout)
	if err != nil {
		return sdk.Reading[DNSOutput]{}, err
	}
	host, err := hostOf(in.Host)
	if err != nil {
		return sdk.Reading[DNSOutput]{}, err
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(within, "ip", host)
	if ctx.Err() != nil {
		return sdk.Reading[DNSOutput]{}, ctx.Err()
	}
	out := DNSOutput{OK: err == nil, Addresses: []string{}}
	if err != nil {
		out.Error, out.ErrorKind = explain(err, resolving, limit).text, nameKind(err)
	}
	out.Addresses = append(out.Addresses, spell(found)...)
	out.Evidence = sdk.Evidence{File: host, Time: time.Now().UTC(), Text: out.Error}
	if out.OK {
		out.Evidence.Text = fmt.Sprintf("%s: %s", host, strings.Join(out.Addresses, ", "))
	}
	return sdk.Observed(out), nil
}

func nameKind(err error) string {
	var e *net.DNSError
	switch {
	case isTimeout(err):
		return kindTimeout
	case errors.As(err, &e) && e.IsNotFound:
		return "not_found"
	}
	return kindOther
}

// spell writes addresses, each once, in an order that does not change from call to call as that of DNS does.
func spell(found []netip.Addr) []string {
	for i := range found {
		found[i] = found[i].Unmap()
	}
	slices.SortFunc(found, netip.Addr.Compare)
	found = slices.Compact(found)
	var out []string
	for _, a := range found[:min(len(found), maxAddresses)] {
		out = append(out, a.String())
	}
	return out
}
