package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Content is what is in a file.
type content struct {
	Sha256 string `json:"sha256"` // in lower case
	Size   int64  `json:"size"`
}

// pour copies to its end what r gives, and tells what it was. It ends with ctx; each part is reported with its bytes.
func pour(ctx context.Context, w io.Writer, r io.Reader, report func(bytes int64)) (content, error) {
	sum := sha256.New()
	buffer := make([]byte, 1<<20)
	var size int64
	for {
		if err := ctx.Err(); err != nil {
			return content{}, err
		}
		n, err := r.Read(buffer)
		sum.Write(buffer[:n])
		if _, err := w.Write(buffer[:n]); err != nil {
			return content{}, err
		}
		if n > 0 {
			size += int64(n)
			report(int64(n))
		}
		switch {
		case errors.Is(err, io.EOF):
			return content{hex.EncodeToString(sum.Sum(nil)), size}, nil
		case err != nil:
			return content{}, err
		}
	}
}

// measure tells what is in a file, with progress.
func measure(ctx context.Context, call *sdk.Call, f target.File, note string) (content, error) {
	info, err := f.Stat()
	if err != nil {
		return content{}, err
	}
	done := int64(0)
	return pour(ctx, io.Discard, io.NewSectionReader(f, 0, info.Size()), func(n int64) {
		done += n
		call.Progress(sdk.Progress{Done: done, Total: info.Size(), Unit: "bytes", Note: note})
	})
}

// contentOf tells what is in a file of a folder.
func contentOf(ctx context.Context, folder *target.Folder, name string) (content, error) {
	f, err := folder.Open(name)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	return pour(ctx, io.Discard, f, func(int64) {})
}

// expect holds a file to the digest that the input gives, if it gives one.
func (c content) expect(sha256, path string) error {
	if sha256 == "" || strings.EqualFold(sha256, c.Sha256) {
		return nil
	}
	return sdk.Errorf(sdk.InvalidInput, "%s has the digest %s, expected %s", path, c.Sha256, strings.ToLower(sha256)).
		WithPath("/sha256").WithHint("it is another file, or it is damaged: get it again")
}
