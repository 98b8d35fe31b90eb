package evtx

import (
	"slices"
	"strings"
	"time"
)

// Field is one value of an event's payload.
type Field struct {
	// Name is the Name attribute of a Data element, empty where it has none, or the name of a UserData element.
	Name string
	// Value is the value as text: integers decimal, HexInt and pointer-sized ones "0x…" in lower case, GUIDs
	// "{…}" in lower case, SIDs "S-1-…", times RFC 3339 in UTC with the digits that Windows shows, booleans
	// "true" and "false", binary upper-case hexadecimal.
	Value string
}

// Record is one decoded event. It does not refer to the reader's buffers and may be kept.
type Record struct {
	// RecordID is System/EventRecordID. In exported logs it differs from the number in the record's own header,
	// which is used only where the element is absent.
	RecordID uint64
	// Time is System/TimeCreated in UTC, or the time of the record's header where the element is absent or damaged; zero
	// where both are damaged.
	Time time.Time

	ID         uint32
	Qualifiers uint16
	Version    uint8
	Level      uint8
	Opcode     uint8
	Task       uint16
	Keywords   uint64

	Provider     string
	ProviderGUID string
	Channel      string
	Computer     string
	UserSID      string
	ProcessID    uint32
	ThreadID     uint32
	ActivityID   string

	// Data are the payload's values in order: the Data and ComplexData elements of EventData, or the leaf
	// elements of UserData, nested ones flattened. A Data element over an array gives one field an item.
	Data []Field
	// UserData tells that the payload is UserData rather than EventData.
	UserData bool
	// Binary is EventData/Binary.
	Binary []byte

	// Offset is the byte offset of the record in the file.
	Offset int64
}

// Value returns the value of the first field with that name, which is compared exactly, and whether there is one.
func (r *Record) Value(name string) (string, bool) {
	for i := range r.Data {
		if r.Data[i].Name == name {
			return r.Data[i].Value, true
		}
	}
	return "", false
}

// BinaryText returns Binary read as UTF-16LE text up to its NUL terminator. The Service Control Manager's event
// 7036 carries "wuauserv/4" there (4 running, 1 stopped), which is the same in every display language.
func (r *Record) BinaryText() string {
	b := r.Binary
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			b = b[:i]
			break
		}
	}
	return string(appendUTF16(nil, b))
}

// Filter selects records. The zero value selects all; conditions are joined by "and", the items of a list by "or".
type Filter struct {
	// From and To bound Record.Time, both inclusive. A zero time does not bound.
	From, To time.Time
	// IDs are the wanted event identifiers. The same identifier means different things in different providers, so
	// give Providers too.
	IDs []uint32
	// Providers are the wanted provider names, compared without regard to case.
	Providers []string
}

func (f *Filter) matchID(id uint32) bool {
	return len(f.IDs) == 0 || slices.Contains(f.IDs, id)
}

func (f *Filter) matchTime(t time.Time) bool {
	return (f.From.IsZero() || !t.Before(f.From)) && (f.To.IsZero() || !t.After(f.To))
}

func (f *Filter) matchProvider(name string) bool {
	if len(f.Providers) == 0 {
		return true
	}
	for _, p := range f.Providers {
		if strings.EqualFold(p, name) {
			return true
		}
	}
	return false
}
