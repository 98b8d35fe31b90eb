package file

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/rectify-project/rectify/sdk/schema"
	"github.com/rectify-project/rectify/sdk/target"
)

// Package is a file that was unpacked.
type Package struct {
	Path schema.TargetPath `json:"path" jsonschema_description:"Where it is now"`
	Name string            `json:"name" jsonschema_description:"Its name in the package"`
	Kind packageKind       `json:"kind" jsonschema:"enum=servicing_stack,enum=cumulative,enum=other" jsonschema_description:"What it updates, by its name"`
	Size schema.Bytes      `json:"size" jsonschema_description:"Its size"`
}

type packageKind string

const (
	servicingStack packageKind = "servicing_stack"
	cumulative     packageKind = "cumulative"
	otherPackage   packageKind = "other"
)

// Windows10.0-KB5000803-x64.cab updates Windows; with a suffix as in Windows10.0-KB5000842-x64-NDP48.cab it is .NET.
var windowsUpdate = regexp.MustCompile(`(?i)^windows[0-9.]+-kb[0-9]+(-v[0-9]+)?-[a-z0-9]+\.(cab|msu|wim|psf)$`)

func kindOfPackage(name string) packageKind {
	switch {
	case target.Match("ssu-*", name), target.Match("*servicing*stack*", name):
		return servicingStack
	case windowsUpdate.MatchString(name):
		return cumulative
	}
	return otherPackage
}

// packages lists what was unpacked to a folder. Servicing stacks come first, because what is installed behind them may
// need them.
func packages(folder string, members []member) []Package {
	list := make([]Package, 0, len(members))
	for _, m := range members {
		list = append(list, Package{
			Path: schema.TargetPath(joined(folder, strings.ReplaceAll(m.Name, "/", `\`))),
			Name: strings.ReplaceAll(m.Name, "/", `\`),
			Kind: kindOfPackage(m.Name[strings.LastIndexByte(m.Name, '/')+1:]),
			Size: schema.Bytes(m.Size),
		})
	}
	order := []packageKind{servicingStack, cumulative, otherPackage}
	slices.SortFunc(list, func(a, b Package) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Path, b.Path))
	})
	return list
}
