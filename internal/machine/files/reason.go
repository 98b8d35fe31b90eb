package files

import (
	"errors"
	"io/fs"
)

// Reason says why a file of a target could not be opened or read. Windows lets nobody read a file that a program has opened for
// itself alone; that is told as such.
func Reason(err error) string {
	if !locked(err) {
		return err.Error()
	}
	const why = "another program has it open and lets nobody else read it"
	var place *fs.PathError
	if errors.As(err, &place) {
		return place.Path + ": " + why
	}
	return why
}
