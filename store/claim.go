package store

import (
	"tollgate"
	"tollgate/store/internal/engine"
)

var cdrKeyTable = engine.Table{Name: "cdr_key", Columns: []string{
	"device_id", "unique_id", "leg", "enterprise_id", "cdr_id", "started_at",
}}

const cdrHolder = `SELECT cdr_id FROM cdr_key WHERE device_id = ? AND unique_id = ? AND leg = ?`

const cdrHolders = `SELECT k.place, c.cdr_id
	FROM unnest($1::bigint[], $2::text[], $3::bigint[])
		WITH ORDINALITY AS k(device_id, unique_id, leg, place)
	JOIN cdr_key c ON c.device_id = k.device_id AND c.unique_id = k.unique_id AND c.leg = k.leg`

const claimKeys = `INSERT INTO cdr_key (device_id, unique_id, leg, enterprise_id, cdr_id, started_at)
	SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
	ON CONFLICT DO NOTHING`

// Claim takes the keys of calls that are about to be inserted, and returns for
// each the id of the CDR that holds its key: its own when the call is new,
// another's when it was stored before, or earlier among the entries. nil means
// that all are new.
func (p *Posting) Claim(entries []Entry) (holders []tollgate.ID, err error) {
	if len(entries) == 0 {
		return nil, nil
	}
	if p.tx.Engine() == SQLite {
		return p.claimSQLite(entries)
	}
	return p.claimPostgres(entries)
}

func writeKey(w engine.RowWriter, e *Entry) {
	w.ID(e.CDR.Call.Device)
	w.Text(e.CDR.Call.UniqueID)
	w.Int(int64(e.CDR.Call.Leg))
	w.ID(e.CDR.Enterprise)
	w.ID(e.CDR.ID)
	w.Int(engine.Micros(e.CDR.Start))
}

func (p *Posting) claimSQLite(entries []Entry) ([]tollgate.ID, error) {
	inserted, err := p.tx.InsertMany(cdrKeyTable, " ON CONFLICT DO NOTHING", len(entries),
		func(i int, w engine.RowWriter) { writeKey(w, &entries[i]) })
	if err != nil {
		return nil, engine.Failed(err, "claiming %d calls", len(entries))
	}
	if inserted == len(entries) {
		return nil, nil
	}
	return p.holders(entries)
}

// claimCopyMin is from how many calls on their keys are copied: for fewer, going
// to the server and back for a savepoint costs more than it saves.
const claimCopyMin = 200

// claimPostgres first takes all keys to be new, because COPY is twice as fast
// as an INSERT that looks for conflicts, and new is what nearly all batches are.
func (p *Posting) claimPostgres(entries []Entry) ([]tollgate.ID, error) {
	if len(entries) < claimCopyMin {
		return p.claimArrays(entries)
	}
	if _, err := p.tx.Exec("SAVEPOINT claim"); err != nil {
		return nil, engine.Failed(err, "claiming %d calls", len(entries))
	}
	err := p.tx.Insert(cdrKeyTable, len(entries), func(i int, w engine.RowWriter) { writeKey(w, &entries[i]) })
	if err == nil {
		_, err = p.tx.Exec("RELEASE SAVEPOINT claim")
		return nil, engine.Failed(err, "claiming %d calls", len(entries))
	}
	if !engine.IsDuplicate(err) {
		return nil, engine.Failed(err, "claiming %d calls", len(entries))
	}
	if _, err := p.tx.Exec("ROLLBACK TO SAVEPOINT claim"); err != nil {
		return nil, engine.Failed(err, "claiming %d calls", len(entries))
	}
	return p.claimArrays(entries)
}

func (p *Posting) claimArrays(entries []Entry) ([]tollgate.ID, error) {
	k := keysOf(entries)
	claimed, err := p.tx.Exec(claimKeys, k.devices, k.uniques, k.legs, k.enterprises, k.ids, k.starts)
	if err != nil {
		return nil, engine.Failed(err, "claiming %d calls", len(entries))
	}
	if claimed == int64(len(entries)) {
		return nil, nil
	}
	return p.holders(entries)
}

// keys is the columns of many keys, as PostgreSQL takes arrays.
type keys struct {
	devices, legs, enterprises, ids, starts []int64
	uniques                                 []string
}

func keysOf(entries []Entry) keys {
	var k keys
	for i := range entries {
		c := entries[i].CDR
		k.devices = append(k.devices, int64(c.Call.Device))
		k.uniques = append(k.uniques, engine.CleanText(c.Call.UniqueID))
		k.legs = append(k.legs, int64(c.Call.Leg))
		k.enterprises = append(k.enterprises, int64(c.Enterprise))
		k.ids = append(k.ids, int64(c.ID))
		k.starts = append(k.starts, engine.Micros(c.Start))
	}
	return k
}

// holders returns the id of the CDR that holds each call's key, 0 for none.
func (p *Posting) holders(entries []Entry) ([]tollgate.ID, error) {
	calls := make([]tollgate.CallID, len(entries))
	for i := range entries {
		calls[i] = entries[i].CDR.Call
	}
	return p.Holders(calls)
}

// Holders returns for each call the id of the CDR it was stored as, 0 for none.
func (p *Posting) Holders(calls []tollgate.CallID) ([]tollgate.ID, error) {
	if p.tx.Engine() == SQLite {
		return p.holdersSQLite(calls)
	}
	found := make([]tollgate.ID, len(calls))
	err := p.tx.Ask(WhoHolds(calls, found))
	return found, engine.Failed(err, "looking for %d calls", len(calls))
}

// WhoHolds is what Holders asks PostgreSQL; the answer goes into found,
// which is as long as calls.
func WhoHolds(calls []tollgate.CallID, found []tollgate.ID) engine.Question {
	devices, legs := make([]int64, len(calls)), make([]int64, len(calls))
	uniques := make([]string, len(calls))
	for i, c := range calls {
		devices[i], uniques[i], legs[i] = int64(c.Device), engine.CleanText(c.UniqueID), int64(c.Leg)
	}
	return engine.Question{Text: cdrHolders, Args: []any{devices, uniques, legs}, Row: func(row engine.Scanner) error {
		var place int
		var id tollgate.ID
		if err := row.Scan(&place, &id); err != nil {
			return err
		}
		found[place-1] = id
		return nil
	}}
}

func (p *Posting) holdersSQLite(calls []tollgate.CallID) ([]tollgate.ID, error) {
	found := make([]tollgate.ID, len(calls))
	err := p.tx.Probe(cdrHolder, len(calls), func(i int) []any {
		return []any{int64(calls[i].Device), calls[i].UniqueID, int64(calls[i].Leg)}
	}, func(i int, id int64) { found[i] = tollgate.ID(id) })
	return found, engine.Failed(err, "looking for %d calls", len(calls))
}
