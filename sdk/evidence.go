package sdk

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Evidence says where on the target a part of an answer was read, so that a person can look at the same place.
type Evidence struct {
	// Pointer is the JSON pointer of the part of the answer that this is evidence for: "/failed/0". The SDK sets it for
	// evidence that stands in the answer's own structs.
	Pointer string `json:"pointer,omitempty"`

	File   string `json:"file,omitempty"`   // as Windows names it: C:\Windows\Logs\CBS\CBS.log
	Line   int    `json:"line,omitempty"`   // from 1
	Offset int64  `json:"offset,omitempty"` // bytes from the start of the file, where there are no lines

	Channel string `json:"channel,omitempty"` // of an event: System
	Record  uint64 `json:"record,omitempty"`  // its EventRecordID
	EventID uint32 `json:"event_id,omitempty"`

	Key   string `json:"key,omitempty"`   // registry key
	Value string `json:"value,omitempty"` // registry value's name

	Time time.Time `json:"time,omitzero"`
	Text string    `json:"text,omitempty"` // the line, or the event in one line; at most [MaxEvidenceText] bytes
}

// MaxEvidenceText bounds the text of one item of evidence; longer text is cut.
const MaxEvidenceText = 1024

// Where is the place in one word or two: `C:\Windows\Logs\CBS\CBS.log:120`, `System #1823 (event 20)`.
func (e Evidence) Where() string {
	switch {
	case e.Channel != "":
		s := e.Channel + " #" + strconv.FormatUint(e.Record, 10)
		if e.EventID != 0 {
			s += fmt.Sprintf(" (event %d)", e.EventID)
		}
		return s
	case e.Key != "" && e.Value != "":
		return e.Key + ` → ` + e.Value
	case e.Key != "":
		return e.Key
	case e.Line > 0:
		return e.File + ":" + strconv.Itoa(e.Line)
	case e.Offset > 0:
		return fmt.Sprintf("%s at 0x%x", e.File, e.Offset)
	}
	return e.File
}

// collectEvidence gathers the Evidence and []Evidence fields of an answer, which JSON leaves out (`json:"-"`), and
// points each at the object that it stands in. An answer can so be sorted and filtered freely while it is made.
func collectEvidence(answer any) []Evidence {
	var found []Evidence
	walkEvidence(reflect.ValueOf(answer), "", &found)
	return found
}

var (
	evidenceType  = reflect.TypeFor[Evidence]()
	evidencesType = reflect.TypeFor[[]Evidence]()
)

func walkEvidence(v reflect.Value, pointer string, found *[]Evidence) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walkEvidence(v.Elem(), pointer, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			switch field.Type {
			case evidenceType:
				add(v.Field(i).Interface().(Evidence), pointer, found)
				continue
			case evidencesType:
				for _, e := range v.Field(i).Interface().([]Evidence) {
					add(e, pointer, found)
				}
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case name == "-":
			case field.Anonymous && name == "":
				walkEvidence(v.Field(i), pointer, found)
			case name == "":
				walkEvidence(v.Field(i), pointer+"/"+field.Name, found)
			default:
				walkEvidence(v.Field(i), pointer+"/"+name, found)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walkEvidence(v.Index(i), pointer+"/"+strconv.Itoa(i), found)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			if key.Kind() == reflect.String {
				escaped := strings.ReplaceAll(strings.ReplaceAll(key.String(), "~", "~0"), "/", "~1")
				walkEvidence(v.MapIndex(key), pointer+"/"+escaped, found)
			}
		}
	}
}

func add(e Evidence, pointer string, found *[]Evidence) {
	if e == (Evidence{}) {
		return
	}
	if len(e.Text) > MaxEvidenceText {
		e.Text = strings.ToValidUTF8(e.Text[:MaxEvidenceText], "") + "…"
	}
	if e.Pointer == "" {
		e.Pointer = pointer
	}
	*found = append(*found, e)
}
