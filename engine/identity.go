package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rectify-project/rectify/engine/host"
	"github.com/rectify-project/rectify/sdk/target"
)

// identity makes the digest of what makes a target this one: the GUID that its Windows gave itself, its control set, and
// where it lies. A copy of a disk is another target, although its Windows says the same of itself.
func (e *Engine) identity(ctx context.Context, s *Session) (string, error) {
	var parts []string
	switch s.Spec.Kind {
	case target.Offline:
		place, err := diskPlace(s.Spec.Root)
		if err != nil {
			return "", err
		}
		parts = []string{"disk", place,
			e.registryText(ctx, s, `HKLM\SOFTWARE\Microsoft\Cryptography`, "MachineGuid"), e.registryText(ctx, s, `HKLM\SYSTEM\Select`, "Current")}
	default:
		name, err := os.Hostname()
		if err != nil {
			return "", fmt.Errorf("this machine does not know its name: %w", err)
		}
		parts = []string{"machine", name, machineID()}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:]), nil
}

// registryText reads a value of the target's registry; empty where it cannot be read.
func (e *Engine) registryText(ctx context.Context, s *Session, key, value string) string {
	a, err := e.host.Observe(ctx, "registry.read", s.Spec, map[string]any{"key": key, "value": value}, host.Events{})
	if err != nil {
		return ""
	}
	text, _ := a.Value["text"].(string)
	return text
}

// diskPlace says where the disk of a Windows lies: by its volume where the root is a volume's own root, else by the
// folder's resolved path.
func diskPlace(root string) (string, error) {
	path, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	if id, ok := volumeID(path); ok {
		return "volume " + id, nil
	}
	return "folder " + path, nil
}
