package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rectify-project/rectify/internal/artefact/cab"
	"github.com/rectify-project/rectify/sdk"
	"github.com/rectify-project/rectify/sdk/target"
)

// Bounds of what one package unpacks to: well above the largest cumulative update, and less than a disk holds.
const (
	maxMembers  = 10_000
	maxUnpacked = 16 << 30
)

// member is a file of a package.
type member struct {
	Name   string `json:"name"` // relative path with forward slashes that leads nowhere else
	Size   int64  `json:"size"`
	Sha256 string `json:"sha256,omitempty"` // once it was unpacked

	stored string // its name as the package has it
}

func total(members []member) (bytes int64) {
	for _, m := range members {
		bytes += m.Size
	}
	return bytes
}

// updatePackage is an opened package.
type updatePackage struct {
	path    string // as Windows writes it
	content content
	file    target.File
	cabinet *cab.Cabinet
}

func openPackage(ctx context.Context, call *sdk.Call, path string) (*updatePackage, error) {
	file, err := call.Target.Open(path)
	if err != nil {
		return nil, err
	}
	p := &updatePackage{path: call.Target.Display(path), file: file}
	if p.content, err = measure(ctx, call, file, "reading "+p.path); err == nil {
		p.cabinet, err = cab.Open(file, p.content.Size)
	}
	if err != nil {
		file.Close()
		return nil, p.unreadable(err)
	}
	return p, nil
}

func (p *updatePackage) close() { p.file.Close() }

// unreadable says what is wrong with a package; other errors stay as they are.
func (p *updatePackage) unreadable(err error) error {
	var damage *cab.DamageError
	switch {
	case errors.Is(err, cab.ErrNotCabinet):
		return sdk.Errorf(sdk.Unsupported, "%s: %v", p.path, err).
			WithHint("only cabinets are unpacked; the newest .msu files are none, and DISM installs them as they are")
	case errors.Is(err, cab.ErrUnsupported):
		return sdk.Errorf(sdk.Unsupported, "%s: %v", p.path, err)
	case errors.As(err, &damage):
		return sdk.Errorf(sdk.Unavailable, "%s: %v", p.path, err).WithHint("get the package again")
	}
	return err
}

func (p *updatePackage) count() int { return len(p.cabinet.Files()) }

// choose lists the members that a mask matches, in the order of the cabinet. A package in which any name is unsafe is
// refused whole: nobody makes such a one in good faith.
func (p *updatePackage) choose(mask string) ([]member, error) {
	refuse := func(format string, args ...any) error {
		return sdk.Errorf(sdk.InvalidInput, "%s "+format, append([]any{p.path}, args...)...).WithPath("/path").WithHint("this is no package of Microsoft's: nothing of it is unpacked")
	}
	var chosen []member
	var size int64
	for _, f := range p.cabinet.Files() {
		name, safe := f.SafeName()
		if !safe {
			return nil, refuse("holds a file of the name %q, which could lead out of the folder or is no file name of Windows", f.Name)
		}
		if !matchesMember(mask, name) {
			continue
		}
		chosen = append(chosen, member{Name: name, Size: f.Size, stored: f.Name})
		size += f.Size
	}
	switch {
	case len(chosen) > maxMembers:
		return nil, refuse("unpacks to %d files, at most %d are unpacked", len(chosen), maxMembers)
	case size > maxUnpacked:
		return nil, refuse("unpacks to %d bytes, at most %d are unpacked", size, int64(maxUnpacked))
	case len(chosen) == 0:
		return nil, sdk.Errorf(sdk.NotFound, "%s holds no file that matches %q", p.path, mask).WithPath("/members").WithHint("%s", p.holds())
	}
	if twice := clash(chosen); twice != "" {
		return nil, refuse("holds %q twice", twice)
	}
	return chosen, nil
}

// matchesMember takes a mask without a separator for the last part of a name.
func matchesMember(mask, name string) bool {
	mask = strings.ReplaceAll(mask, `\`, "/")
	if !strings.Contains(mask, "/") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	return target.Match(mask, name)
}

// clash finds a name that another member has too, in any case, or needs as a folder.
func clash(members []member) string {
	folders, files := map[string]bool{}, map[string]bool{}
	for _, m := range members {
		key := strings.ToLower(strings.ToUpper(m.Name))
		if files[key] {
			return m.Name
		}
		files[key] = true
		for i, c := range key {
			if c == '/' {
				folders[key[:i]] = true
			}
		}
	}
	for _, m := range members {
		if folders[strings.ToLower(strings.ToUpper(m.Name))] {
			return m.Name
		}
	}
	return ""
}

// holds names what is in the package, for a mask that matches nothing.
func (p *updatePackage) holds() string {
	const shown = 8
	var names []string
	for _, f := range p.cabinet.Files() {
		if len(names) == shown {
			names = append(names, "…")
			break
		}
		names = append(names, f.Name)
	}
	return "it holds " + strings.Join(names, ", ")
}

// each unpacks the members one by one; put gets their content, which ends at the size that the package declares.
func (p *updatePackage) each(ctx context.Context, members []member, put func(member, io.Reader) (content, error)) ([]member, error) {
	wanted := map[string]member{}
	for _, m := range members {
		wanted[m.stored] = m
	}
	var whole []member
	err := p.cabinet.Extract(ctx, func(f cab.File, r io.Reader) error {
		m, ok := wanted[f.Name]
		if !ok {
			return nil
		}
		got, err := put(m, io.LimitReader(r, m.Size+1))
		if err != nil {
			return err
		}
		if got.Size != m.Size {
			return sdk.Errorf(sdk.Unavailable, "%s: %q unpacks to %d bytes, it says %d", p.path, f.Name, got.Size, m.Size).WithHint("get the package again")
		}
		m.Sha256 = got.Sha256
		whole = append(whole, m)
		return nil
	})
	if err == nil && len(whole) != len(members) {
		err = fmt.Errorf("%s: %d of %d files were unpacked", p.path, len(whole), len(members))
	}
	if err != nil {
		return nil, p.unreadable(err)
	}
	return whole, nil
}

// progress reports how much of the members is unpacked.
func progress(call *sdk.Call, members []member) func(m member, bytes int64) {
	all, done := total(members), int64(0)
	return func(m member, bytes int64) {
		done += bytes
		call.Progress(sdk.Progress{Done: done, Total: all, Unit: "bytes", Note: "unpacking " + m.Name})
	}
}

// measured fills in the digests, and writes nothing.
func (p *updatePackage) measured(ctx context.Context, call *sdk.Call, members []member) ([]member, error) {
	report := progress(call, members)
	return p.each(ctx, members, func(m member, r io.Reader) (content, error) {
		return pour(ctx, io.Discard, r, func(n int64) { report(m, n) })
	})
}

// unpack writes the members to a folder, synced, and fills in their digests.
func (p *updatePackage) unpack(ctx context.Context, call *sdk.Call, to *target.Folder, members []member) ([]member, error) {
	report := progress(call, members)
	whole, err := p.each(ctx, members, func(m member, r io.Reader) (content, error) {
		report(m, 0)
		parent, name, err := makeParents(to, m.Name)
		if err != nil {
			return content{}, err
		}
		if parent != to {
			defer parent.Close()
		}
		f, err := parent.Create(name)
		if err != nil {
			return content{}, err
		}
		got, err := pour(ctx, f, r, func(n int64) { report(m, n) })
		if err == nil {
			err = f.Sync()
		}
		return got, errors.Join(err, f.Close())
	})
	if err != nil {
		return nil, err
	}
	for _, f := range foldersOf(members) {
		err := inFolder(to, f, func(parent *target.Folder, name string) error {
			sub, err := parent.Folder(name)
			if err != nil {
				return err
			}
			return errors.Join(sub.Sync(), sub.Close())
		})
		if err != nil {
			return nil, err
		}
	}
	return whole, to.Sync()
}
