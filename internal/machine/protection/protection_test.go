package protection

import (
	"slices"
	"strings"
	"testing"
)

const (
	me       = "S-1-5-21-1-2-3-1001"
	users    = "S-1-5-32-545"
	everyone = "S-1-1-0"
)

// ours is the folder as it is made.
func ours(change func(*Security)) Security {
	s := Security{Owner: Administrators, Protected: true, Entries: []Entry{
		{Effect: Allow, Who: Administrators, Mask: fullControl},
		{Effect: Allow, Who: System, Mask: fullControl},
	}}
	if change != nil {
		change(&s)
	}
	return s
}

func TestExclusive(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*Security)
		tells  string
	}{
		"as-made":         {nil, ""},
		"of-the-system":   {func(s *Security) { s.Owner = System }, ""},
		"inherited":       {func(s *Security) { s.Protected = false }, "folder above"},
		"no-list":         {func(s *Security) { s.Open = true }, "everybody"},
		"of-a-user":       {func(s *Security) { s.Owner = me }, "belongs to " + me},
		"of-nobody":       {func(s *Security) { s.Owner = "" }, "belongs to"},
		"users-read":      {func(s *Security) { s.Entries = append(s.Entries, Entry{Allow, users, 0x1200a9, false}) }, users},
		"users-later":     {func(s *Security) { s.Entries = append(s.Entries, Entry{Allow, users, 0x1, true}) }, users},
		"of-another-type": {func(s *Security) { s.Entries = append(s.Entries, Entry{Opaque, "an entry of type 5", 0, false}) }, "type 5"},
		"system-denied":   {func(s *Security) { s.Entries[1].Effect = Deny }, "deny " + System},
		"system-reads":    {func(s *Security) { s.Entries[1].Mask = 0x1200a9 }, "does not give it to " + System},
		"without-system":  {func(s *Security) { s.Entries = s.Entries[:1] }, "does not give it to " + System},
		"empty-list":      {func(s *Security) { s.Entries = nil }, "does not give it to " + Administrators},
	} {
		t.Run(name, func(t *testing.T) {
			err := ours(x.change).Exclusive(Administrators, System)
			if x.tells == "" && err != nil || x.tells != "" && (err == nil || !strings.Contains(err.Error(), x.tells)) {
				t.Errorf("got %v, want it to tell %q", err, x.tells)
			}
		})
	}
}

func TestStrangers(t *testing.T) {
	allow := func(who string, mask uint32) Security {
		return ours(func(s *Security) { s.Entries = append(s.Entries, Entry{Allow, who, mask, false}) })
	}
	for name, x := range map[string]struct {
		s    Security
		want []string
	}{
		"as-made":            {ours(nil), nil},
		"users-read":         {allow(users, 0x1200a9), nil},
		"users-add-files":    {allow(users, 0x2), []string{users}},
		"users-add-folders":  {allow(users, 0x4), []string{users}},
		"users-delete-below": {allow(users, 0x40), []string{users}},
		"users-change-who":   {allow(users, 0x40000), []string{users}},
		"users-take-over":    {allow(users, 0x80000), []string{users}},
		"users-generic":      {allow(users, 0x10000000), []string{users}},
		"of-a-user":          {ours(func(s *Security) { s.Owner = me }), []string{me}},
		"of-nobody":          {ours(func(s *Security) { s.Owner = "" }), []string{"an owner who is not known"}},
		"no-list":            {ours(func(s *Security) { s.Open = true }), []string{"everybody"}},
		"only-below":         {ours(func(s *Security) { s.Entries = append(s.Entries, Entry{Allow, everyone, fullControl, true}) }), nil},
		"whoever-makes-it":   {allow(creatorOwner, fullControl), nil},
		"whoever-owns-it":    {allow(ownerRights, fullControl), nil},
		"denied-before":      {ours(func(s *Security) { s.Entries = append([]Entry{{Deny, users, fullControl, false}}, s.Entries...) }), nil},
		"denied-and-allowed": {ours(func(s *Security) {
			s.Entries = append(s.Entries, Entry{Deny, users, fullControl, false}, Entry{Allow, users, 0x2, false}, Entry{Allow, users, 0x4, false})
		}), []string{users}},
		"of-another-type": {ours(func(s *Security) { s.Entries = append(s.Entries, Entry{Opaque, "an entry of type 5", 0, false}) }), []string{"an entry of type 5"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := x.s.Strangers(Administrators, System, TrustedInstaller); !slices.Equal(got, x.want) {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
}
