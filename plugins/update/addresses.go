package update

import (
	"errors"
	"net/url"

	"github.com/rectify-project/rectify/internal/machine/registry"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// addresses are those that a running machine asks for updates. One that is not Windows has no source of its own, and asks
// those of a Windows without policies.
func addresses(t *target.Target) ([]string, error) {
	r, err := registry.Open(t)
	if errors.Is(err, target.ErrNotWindows) {
		return microsoftUpdate, nil
	}
	if err != nil {
		return nil, registry.Explain(err)
	}
	defer r.Close()
	return addressesOf(r)
}

func addressesOf(r *registry.Registry) ([]string, error) {
	reading, err := source(r)
	if err != nil {
		return nil, sdk.AsError(err).WithHint("give the addresses: urls")
	}
	from := reading.Value
	if from.Server == "" {
		return microsoftUpdate, nil
	}
	service, err := url.JoinPath(from.Server, "ClientWebService/client.asmx")
	if err != nil {
		return nil, sdk.Errorf(sdk.Unavailable, "the policies name %q as the server of updates, which is no address: %v", from.Server, err).
			WithHint("mend the policy WUServer, or give the addresses: urls")
	}
	if from.Kind == "mixed" {
		return append([]string{service}, microsoftUpdate...), nil
	}
	return []string{service}, nil
}
