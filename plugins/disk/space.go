package disk

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// SpaceInput is the input of `disk.space`.
type SpaceInput struct {
	Path schema.TargetPath `json:"path,omitempty" jsonschema:"default=%SystemDrive%\\" jsonschema_description:"A file or folder on the volume. On a live machine that does not run Windows: a path as that system writes it; the default is / there"`
}

// SpaceOutput is the output of `disk.space`.
type SpaceOutput struct {
	Volume      string       `json:"volume" jsonschema_description:"Where the volume is mounted: C:\\"`
	Free        schema.Bytes `json:"free" jsonschema_description:"Space that Windows can still fill"`
	Total       schema.Bytes `json:"total" jsonschema_description:"Size of the volume"`
	FreePercent float64      `json:"free_percent" jsonschema_description:"Free space in percent of the size"`

	Evidence sdk.Evidence `json:"-"`
}

func spaceProbe() sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "space",
		Summary: "How much room is left on a volume",
		Doc: `Asks the file system of the volume that holds the path. On Windows the quota of the user who asks does not count; elsewhere
what is reserved for the system is not free.

An offline disk can be asked only where its root is itself where a volume is mounted. A folder that the disk was copied
to lies on another disk, whose free space says nothing: there the fact is not known.`,
		Targets: []sdk.TargetKind{sdk.Live, sdk.Offline},
		Healthy: json.RawMessage(`{"volume":"C:\\","free":107374182400,"total":255013683200,"free_percent":42.1}`),
	}, space)
}

func space(_ context.Context, call *sdk.Call, in SpaceInput) (sdk.Reading[SpaceOutput], error) {
	at, err := find(call.Target, string(in.Path))
	if err != nil {
		return sdk.Reading[SpaceOutput]{}, err
	}
	free, total, err := measure(at.native)
	if err != nil {
		return sdk.Reading[SpaceOutput]{}, explain(fmt.Errorf("the space on %s: %w", at.volume, err))
	}
	if total == 0 {
		return sdk.Reading[SpaceOutput]{}, sdk.Errorf(sdk.Unsupported, "%s has no size: it is not a volume of a disk", at.volume).WithPath("/path")
	}
	out := SpaceOutput{
		Volume:      at.volume,
		Free:        size(free),
		Total:       size(total),
		FreePercent: math.Round(float64(free)/float64(total)*10_000) / 100,
	}
	out.Evidence = sdk.Evidence{
		File: at.volume,
		Text: fmt.Sprintf("%s of %s are free (%.1f %%)", schema.FormatSize(int64(out.Free)), schema.FormatSize(int64(out.Total)), out.FreePercent),
	}
	return sdk.Observed(out), nil
}

// size is an amount as a playbook has it, which is signed.
func size(n uint64) schema.Bytes { return schema.Bytes(min(n, math.MaxInt64)) }
