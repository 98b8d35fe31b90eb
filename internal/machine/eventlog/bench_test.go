package eventlog

import "testing"

// BenchmarkRecord reads the XML of one event.
func BenchmarkRecord(b *testing.B) {
	xml := system("Service Control Manager", "7036") + `<EventData><Data Name='param1'>Windows Update</Data><Data Name='param2'>stopped</Data><Binary>7700750061007500730065007200760</Binary></EventData></Event>`
	r := newReader()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.record(xml); err != nil {
			b.Fatal(err)
		}
	}
}
