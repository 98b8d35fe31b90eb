// Package protection says who may change a file or folder of a running Windows, and makes folders that only administrators and
// the system itself may. That a folder was made so is not believed: there are systems that take such a wish and drop it.
package protection

import (
	"fmt"
	"slices"
	"strings"
)

// Identifiers of those who are trusted with a machine.
const (
	Administrators   = "S-1-5-32-544"
	System           = "S-1-5-18"
	TrustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

	creatorOwner = "S-1-3-0" // stands for nobody until it is inherited
	ownerRights  = "S-1-3-4" // stands for the owner, who is looked at by name
)

// Security is who owns a file or folder, and who may do what with it.
type Security struct {
	Owner     string // a security identifier; empty when nobody does
	Open      bool   // there is no list: everybody may do everything
	Protected bool   // nothing comes from the folder above
	Entries   []Entry
}

// Effect is what an entry of a list does.
type Effect string

// The effects.
const (
	Allow  Effect = "allow"
	Deny   Effect = "deny"
	Opaque Effect = "opaque" // of a type that is not read here
)

// Entry is one line of a list.
type Entry struct {
	Effect      Effect
	Who         string // a security identifier; of an opaque one its type
	Mask        uint32 // access rights, as Windows numbers them
	InheritOnly bool   // for what is below, not for this folder
}

// writing is the rights by which the content of a file or folder, or who may write it, is changed: write data (add file),
// append data (add folder), write extended attributes, delete child, write attributes, delete, write DAC, write owner, generic
// all, generic write.
const writing = 0x2 | 0x4 | 0x10 | 0x40 | 0x100 | 0x10000 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000

// fullControl is FILE_ALL_ACCESS.
const fullControl = 0x1f01ff

// Strangers are those beside the trusted ones who may change the file or folder, each once: its owner, who may always change
// who may, and whom an entry allows to write. That another entry denies it is not counted on.
func (s Security) Strangers(trusted ...string) []string {
	var strangers []string
	add := func(who string) {
		if !slices.Contains(trusted, who) && !slices.Contains(strangers, who) {
			strangers = append(strangers, who)
		}
	}
	switch {
	case s.Open:
		add("everybody")
	case s.Owner == "":
		add("an owner who is not known")
	default:
		add(s.Owner)
	}
	for _, e := range s.Entries {
		switch {
		case e.InheritOnly, e.Effect == Deny, e.Who == creatorOwner, e.Who == ownerRights:
		case e.Effect == Opaque, e.Mask&writing != 0:
			add(e.Who)
		}
	}
	return strangers
}

// Exclusive says why a folder is not for the given ones alone; nil when one of them owns it, each of them has full control, it
// takes nothing over from the folder above and nobody else is named.
func (s Security) Exclusive(circle ...string) error {
	switch {
	case s.Open:
		return fmt.Errorf("everybody may do everything with it")
	case !slices.Contains(circle, s.Owner):
		return fmt.Errorf("it belongs to %s, not to one of %s", s.Owner, strings.Join(circle, ", "))
	}
	full := map[string]bool{}
	for _, e := range s.Entries {
		switch {
		case e.Effect != Allow || !slices.Contains(circle, e.Who):
			return fmt.Errorf("its list of who may do what has an entry of others (%s %s)", e.Effect, e.Who)
		case e.Mask&fullControl == fullControl && !e.InheritOnly:
			full[e.Who] = true
		}
	}
	for _, who := range circle {
		if !full[who] {
			return fmt.Errorf("its list of who may do what does not give it to %s", who)
		}
	}
	if !s.Protected {
		return fmt.Errorf("it takes over from the folder above who may do what")
	}
	return nil
}
