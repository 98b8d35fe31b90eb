package system

import (
	"time"

	"github.com/rectify-project/rectify/internal/machine/power"
	"github.com/rectify-project/rectify/internal/machine/restorepoint"
	"github.com/rectify-project/rectify/sdk"
)

// operator is what the actions work on.
type operator struct {
	power  power.Machine
	hold   func(*sdk.Call) (power.Hold, error)
	points restorepoint.Store
	serves func(*sdk.Call) error // refuses targets that this is not about
	now    func() time.Time      // local, as active hours are
}

// thisMachine is the running Windows.
func thisMachine() operator {
	return operator{
		power:  power.Live(),
		hold:   func(call *sdk.Call) (power.Hold, error) { return power.OpenHold(call.Target) },
		points: restorepoint.Live(),
		serves: func(call *sdk.Call) error {
			if kind := call.Target.Kind(); string(kind) != string(sdk.Live) {
				return sdk.Errorf(sdk.Unsupported, "a target of kind %q cannot be operated, the running Windows can", kind)
			}
			return nil
		},
		now: time.Now,
	}
}

// actions are those of the plugin.
func (o operator) actions() []sdk.Action {
	return []sdk.Action{o.restartAction(), o.blockRestartAction(), o.unblockRestartAction(), o.restorePointAction()}
}

func operates() sdk.Needs { return sdk.Needs{Elevation: true, Platforms: []string{"windows"}} }

// tokenVersion is that of the tokens of all actions here.
const tokenVersion = 1

// readable refuses a token that an action here cannot have made.
func readable(version int, whole bool) error {
	if version != tokenVersion || !whole {
		return sdk.Errorf(sdk.InvalidInput, "the token has version %d or is not whole; expected version %d, made by this action", version, tokenVersion)
	}
	return nil
}
