package batch

import (
	"slices"
	"strings"

	"tollgate"
)

// RecordColumns names what is known of a finished call, in a sheet and elsewhere.
func RecordColumns() []string { return recordForm().Columns }

// Record reads one finished call that came as fields by column name, in the
// way of Run. The Reject has no line.
func (m RecordImport) Record(fields map[string]string) (tollgate.Record, *Reject) {
	form := recordForm()
	row := Row{
		layout: &layout{form: form, header: form.Columns, place: make([]int, len(form.Columns))},
		fields: make([][]byte, len(form.Columns)),
	}
	for i := range row.fields {
		row.layout.place[i] = i
	}
	for name, value := range fields {
		column := slices.Index(form.Columns, name)
		if column < 0 {
			return tollgate.Record{}, &Reject{
				Column: name, Value: shorten([]byte(value)),
				Reason: "unknown; there are " + strings.Join(form.Columns, ", "),
			}
		}
		if strings.IndexByte(value, 0) >= 0 {
			return tollgate.Record{}, row.Reject(column, "contains a zero byte")
		}
		row.fields[column] = []byte(value)
	}
	return m.record(&row)
}
