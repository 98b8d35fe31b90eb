package fakeeventlog

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/rectify-project/rectify/internal/artefact/evtx"
)

// FromFile makes a channel of the records of an event log file.
func (m *Machine) FromFile(t testing.TB, name string, file []byte) *Channel {
	t.Helper()
	log, err := evtx.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	if _, err := log.Scan(context.WithoutCancel(t.Context()), evtx.Filter{}, func(r *evtx.Record) error {
		events = append(events, XML(r))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return m.Add(name, events...)
}

// XML shows a record in the form that EvtRender has: in one line, attributes in single quotes, values as [evtx.Field]
// spells them. Elements of UserData stand in one of their own.
func XML(r *evtx.Record) string {
	var b strings.Builder
	b.WriteString("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>")
	fmt.Fprintf(&b, "<Provider Name='%s'%s/>", escaped(r.Provider), optional("Guid", r.ProviderGUID))
	if r.Qualifiers != 0 {
		fmt.Fprintf(&b, "<EventID Qualifiers='%d'>%d</EventID>", r.Qualifiers, r.ID)
	} else {
		fmt.Fprintf(&b, "<EventID>%d</EventID>", r.ID)
	}
	fmt.Fprintf(&b, "<Version>%d</Version><Level>%d</Level><Task>%d</Task><Opcode>%d</Opcode><Keywords>0x%x</Keywords>", r.Version, r.Level, r.Task, r.Opcode, r.Keywords)
	fmt.Fprintf(&b, "<TimeCreated SystemTime='%s'/>", r.Time.Format("2006-01-02T15:04:05.0000000Z"))
	fmt.Fprintf(&b, "<EventRecordID>%d</EventRecordID><Correlation%s/>", r.RecordID, optional("ActivityID", r.ActivityID))
	fmt.Fprintf(&b, "<Execution ProcessID='%d' ThreadID='%d'/>", r.ProcessID, r.ThreadID)
	fmt.Fprintf(&b, "<Channel>%s</Channel><Computer>%s</Computer><Security%s/></System>", escaped(r.Channel), escaped(r.Computer), optional("UserID", r.UserSID))
	payload(&b, r)
	b.WriteString("</Event>")
	return b.String()
}

func payload(b *strings.Builder, r *evtx.Record) {
	switch {
	case r.UserData:
		b.WriteString("<UserData><Payload xmlns='urn:payload'>")
		for _, f := range r.Data {
			name := f.Name
			if name == "" {
				name = "Data"
			}
			fmt.Fprintf(b, "<%s>%s</%s>", name, escaped(f.Value), name)
		}
		b.WriteString("</Payload></UserData>")
	case len(r.Data) > 0 || len(r.Binary) > 0:
		b.WriteString("<EventData>")
		for _, f := range r.Data {
			fmt.Fprintf(b, "<Data%s>%s</Data>", optional("Name", f.Name), escaped(f.Value))
		}
		if len(r.Binary) > 0 {
			fmt.Fprintf(b, "<Binary>%s</Binary>", strings.ToUpper(hex.EncodeToString(r.Binary)))
		}
		b.WriteString("</EventData>")
	}
}

func optional(name, value string) string {
	if value == "" {
		return ""
	}
	return " " + name + "='" + escaped(value) + "'"
}

var references = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&apos;", `"`, "&quot;")

func escaped(s string) string { return references.Replace(s) }
