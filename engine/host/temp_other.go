//go:build !windows

package host

// privateTemp makes nothing: here what a plugin makes among the temporary files of the system is its own.
func privateTemp() (string, error) { return "", nil }

func tempVariables(string) []string { return nil }
