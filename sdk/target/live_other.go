//go:build !windows

package target

// openLive gives nothing: this machine has no Windows paths.
func openLive() (tree, map[string]string) { return nil, nil }
