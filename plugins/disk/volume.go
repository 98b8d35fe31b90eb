package disk

import (
	"encoding/json"

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
}

func volumeProbe() sdk.Probe {
	return sdk.DeclareProbe[VolumeInput, VolumeOutput](sdk.ProbeManifest{
		Name:    "volume",
		Summary: "Which volume a path is on, and whether its file system needs a check",
		Doc:     "The dirty mark says that a check is due, not that something is damaged: Windows sets it also when a disk was taken out while it was written to.",
		Healthy: json.RawMessage(`{"volume":"C:\\","serial":"1A2B-3C4D","file_system":"NTFS","dirty":false}`),
	})
}
