package target

import "io/fs"

// EntryKind is what an [Entry] is.
type EntryKind string

// The kinds of entries.
const (
	FileEntry   EntryKind = "file"
	FolderEntry EntryKind = "folder"
	LinkEntry   EntryKind = "link"  // a symbolic link, a junction or another reparse point
	OtherEntry  EntryKind = "other" // a device, a pipe
)

// Entry is what has a name in a folder, links not followed, and enough to know it again under another name. It keeps its
// meaning as JSON. Times are microseconds since 1970 in UTC: file systems hold years that RFC 3339 cannot spell.
type Entry struct {
	Name     string    `json:"name"` // in the case that the folder has
	Kind     EntryKind `json:"kind"`
	Size     int64     `json:"size,omitempty"` // bytes of a file; 0 for others
	Modified int64     `json:"modified"`
	// ID is the file system's own number of it; empty where that is not known. A copy has another one.
	ID   string `json:"id,omitempty"`
	Born int64  `json:"born,omitempty"` // when it was made; 0 where that is not known
}

// Same says whether two entries are one thing, whatever names they have and whatever was written to it in between. The
// file system's number decides, with the time of birth, because a number is given again after a deletion. Where numbers
// are unknown a folder is the same as any; and whatever the numbers say, what has the same size and time is the same:
// some file systems make their numbers up when they are mounted, and a file that was put back has another.
func (e Entry) Same(other Entry) bool {
	numbered := e.ID != "" && other.ID != ""
	switch {
	case e.Kind != other.Kind:
		return false
	case numbered && e.ID == other.ID && (e.Born == other.Born || e.Born == 0 || other.Born == 0):
		return true
	case !numbered && e.Kind == FolderEntry:
		return true
	}
	return e.Size == other.Size && e.Modified == other.Modified
}

func kindOf(mode fs.FileMode) EntryKind {
	switch {
	case mode&(fs.ModeSymlink|fs.ModeIrregular) != 0: // junctions are irregular
		return LinkEntry
	case mode.IsDir():
		return FolderEntry
	case mode.IsRegular():
		return FileEntry
	}
	return OtherEntry
}
