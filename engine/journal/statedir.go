package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
)

// longestName bounds the readable part of a folder's name, in bytes.
const longestName = 40

// StateDir gives the private folder of one step's instance, absolute, and makes it where it is missing:
// runs/ID/NAME-DIGEST below the state folder. What an action keeps there for its undo outlives the run.
func (r *Run) StateDir(step string) (string, error) {
	dir := filepath.Join(r.store.dir, runsFolder, r.id, folderName(step))
	return dir, r.store.fault("make the folder of step "+step, makeBelow(dir))
}

// folderName makes a name that every file system takes out of a step's key. The digest keeps keys apart that read alike
// without the characters that a name cannot have.
func folderName(step string) string {
	safe := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
			return c
		}
		return '-'
	}, step)
	sum := sha256.Sum256([]byte(step))
	return safe[:min(len(safe), longestName)] + "-" + hex.EncodeToString(sum[:4])
}
