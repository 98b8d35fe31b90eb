package holders

import (
	"context"
	"errors"
	"io/fs"

	"github.com/rectify-project/rectify/sdk/target"
)

// maxFiles bounds how many files of a folder are asked for, and how many folders are looked into.
const maxFiles = 500

// Find tells who has a file, or a file below a folder, open on a live target; of a large folder the first files are asked
// for, level by level. The error says why nothing is known; nobody and no error is what Windows itself answers.
func Find(ctx context.Context, a Asker, t *target.Target, path string) ([]Holder, error) {
	if t.Kind() != target.Live {
		return nil, errors.New("a disk that is not running is held by nobody of its own")
	}
	files, err := below(ctx, t, path)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, nil
	}
	return a.Holding(ctx, files)
}

// below lists a file, or files below a folder. Links are passed over, and so is what cannot be read.
func below(ctx context.Context, t *target.Target, path string) ([]string, error) {
	path = t.Display(path)
	info, err := t.Stat(path)
	if err == nil && !info.IsDir() {
		return []string{path}, nil
	}
	if errors.Is(err, target.ErrInUse) { // it is open so that it cannot even be looked at: no folder ever is
		return []string{path}, nil
	}
	if err != nil {
		return nil, err
	}
	var files []string
	folders := []string{path}
	for looked := 0; looked < len(folders) && looked < maxFiles; looked++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := t.ReadDir(folders[looked])
		if err != nil && looked == 0 {
			return nil, err
		}
		for _, e := range entries {
			switch at := folders[looked] + `\` + e.Name(); {
			case e.Type()&(fs.ModeSymlink|fs.ModeIrregular) != 0:
			case e.IsDir():
				folders = append(folders, at)
			case len(files) == maxFiles:
				return files, nil
			default:
				files = append(files, at)
			}
		}
	}
	return files, nil
}
