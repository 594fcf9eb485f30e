package batch

import (
	"context"
	"fmt"
	"io"
	"slices"

	"tollgate"
	"tollgate/numbering"
	"tollgate/store"
)

// AttributionMax is how many rows the table of number attribution may have.
const AttributionMax = 5_000_000

// The columns of an attribution sheet, by place in attributionForm.
const (
	attributionPrefix = iota
	attributionClass
	attributionCountry
	attributionDestination
	attributionArea
)

// attributionForm has the columns of the user's own number attribution. All
// but the prefix may be empty: such a field leaves what is known otherwise.
func attributionForm() Form {
	return Form{
		Columns:  []string{"prefix", "class", "country", "destination", "area_code"},
		Required: []string{"prefix"},
	}
}

// ReadAttribution reads a table of number attribution. A row whose prefix
// another row has already is rejected, naming the other line. The rows are the
// good ones; a table should only be made of them if nothing was rejected. The
// error is about the file as a whole.
func ReadAttribution(r io.Reader) ([]tollgate.Attribution, []Reject, error) {
	form := attributionForm()
	sheet, err := NewSheet(r, form)
	if err != nil {
		return nil, nil, err
	}
	var rows []tollgate.Attribution
	var rejects []Reject
	lines := make(map[string]int) // prefix → where it is
	texts := interner{}
	for row, reject := range sheet.Rows() {
		if reject == nil && len(rows) == AttributionMax {
			return nil, nil, tollgate.Errorf(tollgate.CodeInvalid,
				"line %d: the table has at most %d rows", row.Line(), AttributionMax)
		}
		var read tollgate.Attribution
		if reject == nil {
			read, reject = readAttribution(row, texts)
		}
		if reject == nil && lines[read.Prefix] > 0 {
			reject = row.Reject(attributionPrefix, "is there twice, first on line %d", lines[read.Prefix])
		}
		if reject != nil {
			if rejects = append(rejects, *reject); len(rejects) == rejectsMax {
				rejects = append(rejects, row.unread())
				break
			}
			continue
		}
		lines[read.Prefix] = row.Line()
		rows = append(rows, read)
	}
	return rows, rejects, sheet.Err()
}

func readAttribution(row *Row, texts interner) (tollgate.Attribution, *Reject) {
	read := tollgate.Attribution{
		Prefix:      row.Text(attributionPrefix),
		Class:       tollgate.Class(texts.text(row.Field(attributionClass))),
		Country:     texts.text(row.Field(attributionCountry)),
		Destination: texts.text(row.Field(attributionDestination)),
		AreaCode:    texts.text(row.Field(attributionArea)),
	}
	field, reason := numbering.CheckAttribution(&read)
	if field == "" {
		return read, nil
	}
	return read, row.Reject(slices.Index(attributionForm().Columns, field), "%s", reason)
}

// WriteAttribution writes rows so that ReadAttribution reads the same ones.
func WriteAttribution(w io.Writer, rows []tollgate.Attribution) error {
	write, flush := AttributionWriter(w)
	for i := range rows {
		write(&rows[i])
	}
	return flush()
}

// AttributionWriter is WriteAttribution for rows that come one by one. A failure is kept
// for flush.
func AttributionWriter(w io.Writer) (write func(*tollgate.Attribution), flush func() error) {
	out := NewWriter(w, attributionForm().Columns...)
	return func(row *tollgate.Attribution) {
		out.Write(row.Prefix, string(row.Class), row.Country, row.Destination, row.AreaCode)
	}, out.Flush
}

// ImportAttribution replaces the table of number attribution by that of a
// sheet. If any line is refused nothing is imported, and a table that is the
// same already is left alone.
func ImportAttribution(
	ctx context.Context, db *store.DB, actor store.Actor, r io.Reader, dryRun bool,
) (Preview, []Reject, error) {
	rows, rejects, err := ReadAttribution(r)
	if err != nil || len(rejects) > 0 {
		return Preview{}, rejects, err
	}
	directory, err := db.Directory(ctx)
	if err != nil {
		return Preview{}, nil, err
	}
	preview := compareAttribution(directory.Attributions, rows)
	if dryRun || preview.Added+preview.Changed+preview.Removed == 0 {
		return preview, nil, nil
	}
	err = db.Change(ctx, actor, "import attribution", func(c *store.Change) error {
		return c.PutAttributions(rows)
	})
	return preview, nil, err
}

// compareAttribution says what becomes of the old table.
func compareAttribution(old, rows []tollgate.Attribution) Preview {
	var preview Preview
	before := make(map[string]tollgate.Attribution, len(old))
	for _, row := range old {
		before[row.Prefix] = row
	}
	for _, row := range rows {
		known, found := before[row.Prefix]
		preview.count(found, known != row, "attribution "+row.Prefix+" "+row.Destination)
		delete(before, row.Prefix)
	}
	for _, row := range old {
		if _, gone := before[row.Prefix]; gone {
			preview.Removed++
			preview.note("- attribution %s %s", row.Prefix, row.Destination)
		}
	}
	return preview
}

// ExportAttribution writes the table of number attribution so that
// ImportAttribution reads it back.
func ExportAttribution(ctx context.Context, db *store.DB, w io.Writer) error {
	directory, err := db.Directory(ctx)
	if err != nil {
		return fmt.Errorf("read the number attribution: %w", err)
	}
	return WriteAttribution(w, directory.Attributions)
}
