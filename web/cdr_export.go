package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/batch"
	"tollgate/store"
	"tollgate/web/frame"
)

// cdrExport writes what a search found as a sheet. It reads page by page, so
// that memory stays flat.
func (s site) cdrExport(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	f := newCDRFilter(r.URL.Query(), v)
	if f.form.Failed {
		return tollgate.Errorf(tollgate.CodeInvalid, "a filter cannot be read: go back and mend it")
	}
	paging := store.Paging{Rows: store.PageRowsMax}
	found, err := s.Store.CDRs(r.Context(), f.scope, f.filter, paging)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="calls-%s.csv"`,
		v.Told.Now.In(v.Told.Zone).Format("20060102-150405")))
	sheet := batch.NewWriter(s.Export(w), exportColumns(v.House)...)
	for {
		for i := range found.Items {
			sheet.Write(exportRow(found.Items[i].Discreet(), v)...)
		}
		if err := sheet.Flush(); err != nil {
			return nil //nolint:nilerr // the reader is gone: nobody to tell
		}
		if found.Next == "" {
			return nil
		}
		paging.After = found.Next
		if found, err = s.Store.CDRs(r.Context(), f.scope, f.filter, paging); err != nil {
			// The header is sent: end the connection, so that half a sheet is not taken for a whole.
			s.Log.Error("export failed", "path", r.URL.Path, "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

func exportColumns(house bool) []string {
	columns := []string{
		"id", "start", "answer", "end", "seconds", "extension", "originator", "caller", "dialed", "number",
		"class", "country", "destination", "account", "account_code", "private", "cause",
		"amount", "currency", "billed_seconds", "rate", "status",
	}
	if house {
		columns = append(columns, "device", "trunk", "operator",
			"cost_amount", "cost_currency", "cost_billed_seconds", "cost_rate", "cost_status", "margin")
	}
	return append(columns, "extension_name", "company", "purse", "unpaid")
}

func exportRow(c *tollgate.CDR, v *frame.Reader) []string {
	row := []string{
		c.ID.String(), exportTime(c.Start), exportTime(c.Answer), exportTime(c.End),
		fmt.Sprintf("%d.%03d", c.Duration().Milliseconds()/1000, c.Duration().Milliseconds()%1000),
		c.Extension, c.Originator, c.Caller, c.Number.Raw, c.Number.E164, string(c.Number.Class),
		c.Number.Country, c.Number.Destination, v.Names.Account(c.Payer), c.AccountCode,
		strconv.FormatBool(c.Number.Private), strconv.Itoa(int(c.Cause)),
	}
	row = append(row, exportCharge(&c.Customer)...)
	if v.House {
		row = append(row, v.Names.Device(c.Call.Device), c.Trunk, v.Names.Operator(c.Operator))
		row = append(row, exportCharge(&c.Cost)...)
		margin := ""
		if earned := c.Earned(); earned != nil {
			margin = tollgate.FormatMicro(*earned)
		}
		row = append(row, margin)
	}
	return append(row, v.Names.Extension(c), v.Names.Account(c.Enterprise), v.Names.Account(c.Purse),
		strconv.FormatBool(c.Unpaid() || c.Uncharged()))
}

// exportCharge writes an amount only where there is one: no price is not zero.
func exportCharge(c *tollgate.Charge) []string {
	if c.Status != tollgate.ChargePriced && c.Status != tollgate.ChargeUnanswered {
		return []string{"", "", "", "", string(c.Status)}
	}
	return []string{
		tollgate.FormatMicro(c.Micro), string(c.Currency), strconv.FormatInt(c.Billed, 10), c.Rate,
		string(c.Status),
	}
}

// exportTime is in UTC: a sheet goes from zone to zone.
func exportTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
