package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/schema"
)

// VolumeInput is the input of `disk.volume`.
type VolumeInput struct {
	Path schema.TargetPath `json:"path,omitempty" jsonschema:"default=%SystemDrive%\\" jsonschema_description:"A file or folder on the volume"`
}

// VolumeOutput is the output of `disk.volume`. A field that could not be read is left out, with the reason.
type VolumeOutput struct {
	Volume     string `json:"volume" jsonschema_description:"Where the volume is mounted: C:\\"`
	Serial     string `json:"serial,omitempty" jsonschema_description:"Serial number that formatting gave it, as vol shows it: 1A2B-3C4D"`
	Label      string `json:"label,omitempty" jsonschema_description:"Name that people gave it; absent where it has none"`
	FileSystem string `json:"file_system,omitempty" jsonschema_description:"NTFS, ReFS, FAT32"`
	Dirty      *bool  `json:"dirty,omitempty" jsonschema_description:"Whether the volume is marked for a check at the next start, as fsutil dirty query shows it"`

	Evidence sdk.Evidence `json:"-"`
}

// volumes tells of the volumes of this system, by the folder that one is mounted in.
type volumes interface {
	describe(mount string) (description, error)
	// dirty says whether a check of the file system is due.
	dirty(mount string) (bool, error)
}

// description is what a file system says of itself.
type description struct {
	serial     uint32
	label      string
	fileSystem string
}

func volumeProbe(v volumes) sdk.Probe {
	return sdk.NewProbe(sdk.ProbeManifest{
		Name:    "volume",
		Summary: "Which volume a path is on, and whether its file system needs a check",
		Doc: "The dirty mark says that a check is due, not that something is damaged: Windows sets it also when a disk was taken out while it was written to. " +
			"Only an administrator is told of it; to others, and of file systems that have none, it stays unknown.",
		Targets: []sdk.TargetKind{sdk.Live},
		Needs:   sdk.Needs{Platforms: []string{"windows"}},
		Healthy: json.RawMessage(`{"volume":"C:\\","serial":"1A2B-3C4D","file_system":"NTFS","dirty":false}`),
	}, func(_ context.Context, call *sdk.Call, in VolumeInput) (sdk.Reading[VolumeOutput], error) {
		at, err := find(call.Target, string(in.Path))
		if err != nil {
			return sdk.Reading[VolumeOutput]{}, err
		}
		return volumeAt(v, at)
	})
}

func volumeAt(v volumes, at place) (sdk.Reading[VolumeOutput], error) {
	r := sdk.Reading[VolumeOutput]{Value: VolumeOutput{Volume: at.volume}}
	d, err := v.describe(at.native)
	if err != nil {
		return r, explain(fmt.Errorf("the volume %s: %w", at.volume, err))
	}
	out := &r.Value
	out.Serial, out.Label, out.FileSystem = fmt.Sprintf("%04X-%04X", d.serial>>16, d.serial&0xffff), d.label, d.fileSystem
	out.Evidence = sdk.Evidence{File: at.volume, Text: fmt.Sprintf("%s with the serial number %s", out.FileSystem, out.Serial)}
	dirty, err := v.dirty(at.native)
	if err != nil {
		r.Missing = map[string]string{"/dirty": fmt.Sprintf("whether %s needs a check is not told: %v", at.volume, err)}
		r.Settle = "fsutil dirty query " + at.volume
		if errors.Is(err, fs.ErrPermission) {
			r.Settle += ", as an administrator"
		}
		return r, nil
	}
	out.Dirty = &dirty
	if dirty {
		out.Evidence.Text += ", marked for a check at the next start"
	}
	return r, nil
}
