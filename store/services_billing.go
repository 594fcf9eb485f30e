package store

import (
	"cmp"
	"strconv"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Tx is the transaction of the posting: for the packages of this room, which
// keep rows of their own.
func (p *Posting) Tx() *engine.Tx { return p.tx }

// billingTable is what the accounting fetches. Its id is given by the database.
var billingTable = engine.Table{Name: "services_billing", Columns: []string{
	"uniqueid", "extension", "originator", `"dialedNumber"`, "timestamp", "duration", "private",
	"enterprise_id", "device_id", "account_id", "cdr_id", "retrieved_at",
}}

// insertListed writes the rows of the calls that the accounting is to fetch.
func (p *Posting) insertListed(entries []Entry) error {
	var listed []*Entry
	for i := range entries {
		if entries[i].listed() {
			listed = append(listed, &entries[i])
		}
	}
	return p.tx.InsertLater(billingTable, len(listed), func(i int, w engine.RowWriter) {
		writeListed(w, listed[i])
	}, func(err error) error { return engine.Failed(err, "listing %d calls for the accounting", len(listed)) })
}

// listed reports whether a call goes to the accounting: it was answered, left
// the house, and belongs to those of its user that are billed.
func (e *Entry) listed() bool {
	c := e.CDR
	return !e.Unlisted && c.Direction == tollgate.Outbound && !c.Answer.IsZero() &&
		c.Number.Class != tollgate.ClassInternal
}

func writeListed(w engine.RowWriter, e *Entry) {
	c := e.CDR
	w.Text(ListedName(c.Call))
	w.Text(c.Extension)
	w.Text(cmp.Or(c.Originator, c.Extension))
	w.Text(cmp.Or(c.Number.Dialed, c.Number.Raw))
	w.Int(c.Start.Unix())
	w.Int(listedSeconds(c))
	w.Bool(c.Number.Private)
	w.ID(c.Enterprise)
	w.ID(c.Call.Device)
	w.ID(c.Payer)
	w.ID(c.ID)
	w.Int(0)
}

// ListedName is the device's own id of the call, as the accounting gets it. A leg
// with a number of its own shows it: the accounting marks calls by this name, and
// must not mark a leg that it has not seen yet.
func ListedName(c tollgate.CallID) string {
	if c.Leg == 0 {
		return c.UniqueID
	}
	return c.UniqueID + "#" + strconv.Itoa(c.Leg)
}

// listedSeconds is the talk time in whole seconds as Asterisk counts it (billsec):
// what was begun of a second is left out. What the call costs is rounded as its tariff says.
func listedSeconds(c *tollgate.CDR) int64 { return int64(c.Duration() / time.Second) }
