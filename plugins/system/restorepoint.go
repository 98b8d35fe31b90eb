package system

import (
	"context"
	"fmt"
	"time"

	"github.com/rectify-project/rectify/internal/machine/restorepoint"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/kept"
	"github.com/rectify-project/rectify/sdk/schema"
)

// RestorePointInput is the input of `system.restore_point`.
type RestorePointInput struct {
	Description string `json:"description" jsonschema_description:"What System Restore shows for the point"`
}

// RestorePointOutput is the output of `system.restore_point`.
type RestorePointOutput struct {
	Sequence int       `json:"sequence" jsonschema_description:"Number of the restore point"`
	Created  time.Time `json:"created" jsonschema_description:"When it was made"`
}

func (o operator) restorePointAction() sdk.Action {
	return sdk.NewAction(sdk.ActionManifest{
		Name:    "restore_point",
		Summary: "Make a system restore point",
		Doc: "A restore point holds system files and the registry, never a backup of the whole disk. Windows servers and machines with System Restore off have none. " +
			"The point that was made is looked for in the list: Windows reports success and makes none where another one is younger than 24 hours. " +
			"Nothing takes it back; Windows deletes old restore points by itself.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   operates(),
		Effect:  sdk.Irreversible, Risk: sdk.RiskLow,
		Typical: schema.Span(2 * time.Minute),
	}, sdk.ActionHands[RestorePointInput, RestorePointOutput, pointToken]{
		Prepare: o.preparePoint, Apply: o.applyPoint, Assess: o.assessPoint,
	})
}

type pointToken struct {
	Version     int    `json:"version"`
	Description string `json:"description"`
	Newest      int64  `json:"newest"` // number of the newest point that was there
}

func (t pointToken) check() error {
	return readable(t.Version, restorepoint.CheckDescription(t.Description) == nil && t.Newest >= 0)
}

// pointFile is the note that a point is being made: what is found without it was made by somebody else.
const pointFile = "point.json"

type pointNote struct {
	Version int   `json:"version"`
	Newest  int64 `json:"newest"`
}

func (o operator) preparePoint(ctx context.Context, call *sdk.Call, in RestorePointInput) (sdk.Preview[RestorePointOutput, pointToken], error) {
	p := sdk.Preview[RestorePointOutput, pointToken]{}
	if err := o.serves(call); err != nil {
		return p, err
	}
	if err := restorepoint.CheckDescription(in.Description); err != nil {
		return p, sdk.Errorf(sdk.InvalidInput, "%v", err).WithPath("/description")
	}
	points, err := o.points.List(ctx)
	if err != nil {
		return p, restorepoint.Explain(err)
	}
	p.Summary = fmt.Sprintf("make the restore point %q", in.Description)
	p.Changes = []sdk.Change{{What: "restore points", Before: fmt.Sprint(len(points)), After: "one more"}}
	p.Token = pointToken{tokenVersion, in.Description, restorepoint.Newest(points)}
	p.Material = struct{}{} // Windows makes and deletes points by itself
	return p, nil
}

func (o operator) applyPoint(ctx context.Context, call *sdk.Call, _ RestorePointInput, token pointToken, stateDir string) (sdk.Result[RestorePointOutput], error) {
	out := sdk.Result[RestorePointOutput]{}
	if err := token.check(); err != nil {
		return out, err
	}
	if err := o.serves(call); err != nil {
		return out, err
	}
	made, err := o.made(ctx, token, stateDir)
	if err != nil {
		return out, err
	}
	if made == nil {
		if err := kept.Write(stateDir, pointFile, pointNote{tokenVersion, token.Newest}); err != nil {
			return out, err
		}
		call.Progress(sdk.Progress{Note: "makes the restore point"})
		reported, err := o.points.Create(context.WithoutCancel(ctx), token.Description)
		if err != nil {
			return out, restorepoint.Explain(err)
		}
		if made, err = o.made(ctx, token, stateDir); err != nil {
			return out, err
		}
		if made == nil {
			return out, sdk.Errorf(sdk.Unavailable, "Windows reports that the restore point %d was made, and none is listed: it makes none where another one is younger than 24 hours", reported).
				WithHint(`use that one, or set HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SystemRestore → SystemRestorePointCreationFrequency to 0`)
		}
		call.Progress(sdk.Progress{Note: "the restore point is listed"})
	}
	out.Output = RestorePointOutput{int(made.Sequence), made.Created}
	return out, nil
}

// made finds the point that this action has made; nil: it has made none.
func (o operator) made(ctx context.Context, token pointToken, stateDir string) (*restorepoint.Point, error) {
	begun, err := kept.Read(stateDir, pointFile, new(pointNote))
	if err != nil || !begun {
		return nil, err
	}
	points, err := o.points.List(ctx)
	if err != nil {
		return nil, restorepoint.Explain(err)
	}
	return restorepoint.Made(points, token.Newest, token.Description), nil
}

func (o operator) assessPoint(ctx context.Context, call *sdk.Call, token pointToken, stateDir string) (sdk.Assessment, error) {
	if err := token.check(); err != nil {
		return sdk.Assessment{}, err
	}
	if err := o.serves(call); err != nil {
		return sdk.Assessment{}, err
	}
	made, err := o.made(ctx, token, stateDir)
	if err != nil {
		return sdk.Assessment{}, err
	}
	if made == nil {
		return sdk.Assessment{State: sdk.StateBefore}, nil
	}
	return sdk.Assessment{State: sdk.StateAfter, Reason: fmt.Sprintf("it is restore point %d", made.Sequence)}, nil
}
