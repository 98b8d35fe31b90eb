//go:build !windows

package target

// openLive gives nothing: this machine has no Windows paths.
func openLive() (tree, map[string]string) { return nil, nil }

// listed has nothing to do: a system that found a name in another case would have to be asked for it, and those that tell
// case apart find none.
func listed(_, _, name string) string { return name }
