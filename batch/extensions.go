package batch

import (
	"context"
	"io"

	"tollgate"
	"tollgate/store"
)

// The columns of an extension sheet, by place in extensionForm.
const (
	extensionDevice = iota
	extensionNumber
	extensionEnterprise
	extensionAccount
	extensionName
)

// extensionForm has the columns of extensions: a number on a device and the
// account, named within its enterprise, that pays for its calls.
func extensionForm() Form {
	return Form{
		Columns:  []string{"device", "number", "enterprise", "account", "name"},
		Required: []string{"device", "number", "enterprise", "account"},
	}
}

// extensionRow is one line of an extension sheet before names are looked up.
type extensionRow struct {
	line                                      int
	device, number, enterprise, account, name string
}

func readExtensions(r io.Reader) (rows []extensionRow, rejects []Reject, err error) {
	sheet, err := NewSheet(r, extensionForm())
	if err != nil {
		return nil, nil, err
	}
	for row, reject := range sheet.Rows() {
		if reject == nil && len(row.Field(extensionNumber)) == 0 {
			reject = row.Reject(extensionNumber, "is empty")
		}
		if reject != nil {
			rejects = append(rejects, *reject)
			continue
		}
		rows = append(rows, extensionRow{
			line: row.Line(), device: row.Text(extensionDevice), number: row.Text(extensionNumber),
			enterprise: row.Text(extensionEnterprise), account: row.Text(extensionAccount),
			name: row.Text(extensionName),
		})
	}
	return rows, rejects, sheet.Err()
}

// ImportExtensions adds the extensions of a sheet and changes those that are
// there already; it removes none. If any line is refused nothing is imported.
func ImportExtensions(
	ctx context.Context, db *store.DB, actor store.Actor, r io.Reader, dryRun bool,
) (Preview, []Reject, error) {
	rows, rejects, err := readExtensions(r)
	if err != nil || len(rejects) > 0 {
		return Preview{}, rejects, err
	}
	directory, err := db.Directory(ctx)
	if err != nil {
		return Preview{}, nil, err
	}
	names := newRoster(directory)
	known := make(map[tollgate.Extension]bool, len(directory.Extensions))
	numbers := make(map[tollgate.Extension]bool, len(directory.Extensions))
	for _, e := range directory.Extensions {
		known[e] = true
		numbers[tollgate.Extension{Device: e.Device, Number: e.Number}] = true
	}
	return apply(ctx, db, actor, "import extensions", dryRun,
		func(c *store.Change) (preview Preview, rejects []Reject, err error) {
			for _, row := range rows {
				e, reject := names.extension(row)
				if reject == nil {
					found := numbers[tollgate.Extension{Device: e.Device, Number: e.Number}]
					preview.count(found, !known[e], "extension "+e.Number+" on "+row.device)
					if known[e] {
						continue
					}
					reject, err = refused(row.line, c.PutExtension(e))
				}
				if err != nil {
					return preview, rejects, err
				}
				if reject != nil {
					rejects = append(rejects, *reject)
				}
			}
			return preview, rejects, nil
		})
}

// extension looks up the names of one line.
func (r *roster) extension(row extensionRow) (tollgate.Extension, *Reject) {
	device, ok := r.devices[row.device]
	if !ok {
		return tollgate.Extension{}, &Reject{
			Line: row.line, Column: "device", Value: row.device, Reason: "no such device",
		}
	}
	key := rosterKey{row.enterprise, row.account}
	account, ok := r.accounts[key]
	if !ok || r.twice[key] {
		return tollgate.Extension{}, &Reject{
			Line: row.line, Column: "account", Value: row.account,
			Reason: "not exactly one account of this name in the enterprise",
		}
	}
	return tollgate.Extension{
		Device: device.ID, Number: row.number, Account: account.ID, Name: row.name,
	}, nil
}

// ExportExtensions writes every extension whose account the scope covers so
// that ImportExtensions reads it back.
func ExportExtensions(ctx context.Context, db *store.DB, scope store.Scope, w io.Writer) error {
	directory, err := db.Directory(ctx)
	if err != nil {
		return err
	}
	names := newRoster(directory).names
	owners := make(map[tollgate.ID]tollgate.ID, len(directory.Accounts))
	for _, a := range directory.Accounts {
		owners[a.ID] = a.Enterprise
	}
	writer := NewWriter(w, extensionForm().Columns...)
	for _, e := range directory.Extensions {
		if covers(scope, owners[e.Account]) {
			writer.Write(names[e.Device], e.Number, names[owners[e.Account]], names[e.Account], e.Name)
		}
	}
	return writer.Flush()
}
