package batch

import (
	"testing"
	"time"

	"tollgate"
)

func TestRecordFields(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	m := RecordImport{Device: 7, Source: tollgate.SourceHTTP, Zone: berlin}
	answer := time.Date(2026, 3, 4, 11, 0, 2, 0, time.UTC)
	tests := []struct {
		name   string
		fields map[string]string
		want   tollgate.Record
		wrong  string // column of the reject
	}{
		{
			"whole",
			map[string]string{
				"unique_id": "a.1", "leg": "2", "start": "2026-03-04 12:00:00", "answer": "2026-03-04T11:00:02Z",
				"duration": "61.25", "dialed": "+4930123", "extension": "101", "private": "yes", "cause": "16",
			},
			tollgate.Record{
				Call:   tollgate.CallID{Device: 7, UniqueID: "a.1", Leg: 2},
				Source: tollgate.SourceHTTP, Direction: tollgate.Outbound, Extension: "101", Dialed: "+4930123",
				Private: true, Cause: 16, Start: time.Date(2026, 3, 4, 11, 0, 0, 0, time.UTC),
				Answer: answer, End: answer.Add(61250 * time.Millisecond),
			},
			"",
		},
		{
			"no id",
			map[string]string{"start": "2026-03-04 12:00:00", "duration": "1", "dialed": "1"},
			tollgate.Record{},
			"unique_id",
		},
		{"unknown field", map[string]string{"unique_id": "a", "colour": "red"}, tollgate.Record{}, "colour"},
		{"zero byte", map[string]string{"unique_id": "a\x00"}, tollgate.Record{}, "unique_id"},
		{"nothing", nil, tollgate.Record{}, "unique_id"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, reject := m.Record(test.fields)
			switch {
			case reject == nil && test.wrong != "":
				t.Errorf("taken as %+v, want %s refused", got, test.wrong)
			case reject != nil && reject.Column != test.wrong:
				t.Errorf("refused because of %s, want %q", reject, test.wrong)
			case reject == nil && got != test.want:
				t.Errorf("%+v\nwant %+v", got, test.want)
			}
		})
	}
}
