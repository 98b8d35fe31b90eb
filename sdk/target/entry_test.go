package target

import (
	"io/fs"
	"testing"
)

// What is a link is decided by the mode that Go gives to reparse points: symbolic links, and irregular ones (junctions and
// whatever else a file system redirects).
func TestKindOfModes(t *testing.T) {
	for name, c := range map[string]struct {
		mode fs.FileMode
		want EntryKind
	}{
		"file": {0o666, FileEntry}, "folder": {fs.ModeDir | 0o777, FolderEntry}, "symbolic-link": {fs.ModeSymlink | 0o666, LinkEntry},
		"link-to-a-folder": {fs.ModeSymlink | fs.ModeDir, LinkEntry}, "junction": {fs.ModeIrregular | 0o777, LinkEntry},
		"junction-folder": {fs.ModeDir | fs.ModeIrregular, LinkEntry}, "socket": {fs.ModeSocket, OtherEntry}, "pipe": {fs.ModeNamedPipe, OtherEntry},
	} {
		if got := kindOf(c.mode); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
