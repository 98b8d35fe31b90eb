package plugintest

import (
	"context"
	"runtime"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// maxImages bounds how many instants of a call are looked at; of more, ones at equal distance. On Windows, where all that
// is done with files takes many times as long, they are fewer.
func maxImages() int {
	if runtime.GOOS == "windows" {
		return 4
	}
	return 8
}

// image is the folder and the state directory as a crash at one instant would leave them.
type image struct {
	at            string // what the call said then
	folder, state tree
}

// filmed does a call in this process and takes an image whenever it reports progress: what has been done by then is
// done, what comes behind it is not.
func (s *stage) filmed(do func(context.Context, *sdk.Call) error) []image {
	s.t.Helper()
	on, err := target.Open(s.scene.Target)
	if err != nil {
		s.t.Fatal(err)
	}
	defer on.Close()
	var images []image
	count, stride, most := 0, 1, maxImages()
	call := &sdk.Call{Target: on, Report: func(p sdk.Progress) {
		if len(images) == most {
			for i := range most / 2 {
				images[i] = images[2*i]
			}
			images, stride = images[:most/2], 2*stride
		}
		if count%stride == 0 {
			images = append(images, image{p.Note, readTree(s.t, s.scene.Folder), readTree(s.t, s.state)})
		}
		count++
	}}
	if err := do(s.t.Context(), call); err != nil {
		s.t.Fatal(err)
	}
	return images
}

// restore makes both folders what they were.
func (i image) restore(s *stage) {
	s.t.Helper()
	i.folder.restore(s.t, s.scene.Folder)
	i.state.restore(s.t, s.state)
}
