package event

import (
	"time"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// EnableInput is the input of event.enable_channel.
type EnableInput struct {
	Channel string        `json:"channel" jsonschema_description:"Name of the channel, such as Microsoft-Windows-TaskScheduler/Operational"`
	MaxSize *schema.Bytes `json:"max_size,omitempty" jsonschema:"minimum=1048576" jsonschema_description:"Size that the log may grow to; left as it is if not given"`
}

// EnableOutput is the output of event.enable_channel.
type EnableOutput struct {
	Channel    string `json:"channel" jsonschema_description:"Name of the channel"`
	WasEnabled bool   `json:"was_enabled" jsonschema_description:"Whether the channel was on before"`
}

func enableChannel() sdk.Action {
	return sdk.DeclareAction[EnableInput, EnableOutput](sdk.ActionManifest{
		Name:          "enable_channel",
		Summary:       "Switch an event channel on, so that what happens next is recorded",
		Doc:           "Undo gives the channel the state and the size back that it had; its records stay. It is switched on in one step or not at all.",
		Needs:         sdk.Needs{Elevation: true, Platforms: []string{"windows"}},
		Effect:        sdk.Reversible,
		Risk:          sdk.RiskLow,
		Interruptible: true,
		Typical:       schema.Span(2 * time.Second),
	})
}
