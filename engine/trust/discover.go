package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const executablePrefix = "rectify-plugin-"

// Found is an executable in a folder of vendor plugins.
type Found struct {
	Name string // of the plugin, from the file's name
	Path string // absolute
}

// Discover lists the plugins in a folder: files named rectify-plugin-NAME (rectify-plugin-NAME.exe on Windows), sorted.
// Their contents are not looked at.
func Discover(dir string) ([]Found, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of plugins %s does not exist", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("the folder of plugins cannot be read: %w", err)
	}
	var found []Found
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), executablePrefix)
		if runtime.GOOS == "windows" && ok {
			name, ok = strings.CutSuffix(name, ".exe")
		}
		if !ok || e.IsDir() || !pinName.MatchString(name) {
			continue
		}
		found = append(found, Found{Name: name, Path: filepath.Join(abs, e.Name())})
	}
	return found, nil
}
