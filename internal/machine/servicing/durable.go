package servicing

import (
	"io"
	"os"
	"runtime"

	"github.com/rectify-project/rectify/internal/machine/command"
)

// syncFolder makes names durable. On Windows a folder cannot be synced: NTFS journals names.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// readBounded reads a file up to what a program's output may have.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, command.MaxOutput))
}
