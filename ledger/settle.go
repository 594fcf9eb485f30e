package ledger

import (
	"context"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store"
)

// Settlement is one finished call and what is to be done about it. CDR.ID may
// be 0: it gets one.
type Settlement struct {
	CDR   tollgate.CDR
	Purse tollgate.ID // the account that pays, of the CDR's enterprise; 0: nobody does
	Quota tollgate.ID // the quota account whose used grows, of the same enterprise; 0: none
	// Unlisted keeps the call from the accounting: selective billing leaves it out.
	Unlisted bool
	// Reason is why the record cannot be settled: it is quarantined instead. Of
	// the CDR only the enterprise and the call are looked at then.
	Reason string
	// Record is what is quarantined, should it come to that; without a call it is
	// made up from the CDR.
	Record tollgate.Record
	// Release is the quarantined record that this settles; 0: none.
	Release tollgate.ID
	// Reservation is what was held for the call, given back in the same commit
	// whatever becomes of the record; 0, or not there any more: nothing.
	Reservation tollgate.ID
}

// amountMax bounds one side of one call, a thousand million units, so that no
// sum of calls that can be made overflows.
const amountMax = 1_000_000_000 * tollgate.MicroPerUnit

// textMax bounds, in bytes, what is looked up in an index.
const textMax = 255

// Settle puts finished calls into the books: the CDR, the transfer from the
// purse to the house's revenue, the counters, all in one commit. It returns
// after the commit with a result for each, place by place. A call that was
// settled before changes nothing. One that cannot be settled as it is, such as
// one whose purse does not exist, is quarantined with the reason.
//
// More than a commit's worth is committed in pieces, so after an error some may
// be settled: send them again. The context ends the waiting for a commit, not a
// commit under way.
func (b *Book) Settle(ctx context.Context, settlements []Settlement) ([]tollgate.Result, error) {
	// Ids are given before the first try, so that a commit whose answer was lost
	// is recognised as our own when it is tried again.
	for i := range settlements {
		if c := &settlements[i].CDR; c.ID == 0 {
			c.ID = b.store.NewID()
		}
	}
	results := make([]tollgate.Result, 0, len(settlements))
	for len(settlements) > 0 {
		n := min(len(settlements), b.rowsMax)
		o := &operation{settle: settlements[:n]}
		if err := b.do(ctx, o); err != nil {
			return nil, err
		}
		results = append(results, o.answer.results...)
		settlements = settlements[n:]
	}
	return results, nil
}

// problem says why a settlement cannot be settled, empty when it can.
func (s *Settlement) problem() string {
	c := &s.CDR
	from := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	until := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case s.Reason != "":
		return s.Reason
	case c.Call.Device == 0 || c.Call.UniqueID == "":
		return "the call has no device or no unique id"
	case len(c.Call.UniqueID) > textMax || len(c.Number.E164) > textMax:
		return fmt.Sprintf("its unique id or its number is longer than %d bytes", textMax)
	case c.Start.Before(from) || !c.Start.Before(until):
		return fmt.Sprintf("the call starts %s: the device's clock or the time format is wrong",
			c.Start.Format(time.RFC3339))
	case !c.Answer.IsZero() && c.End.Before(c.Answer):
		return "the call ends before it was answered"
	case !sane(&c.Customer) || !sane(&c.Cost):
		return "an amount or a billed time is out of range"
	case c.Enterprise == 0 && (s.Purse != 0 || s.Quota != 0):
		return "an account pays, but the call belongs to no enterprise"
	}
	return ""
}

func sane(c *tollgate.Charge) bool {
	return c.Micro >= 0 && c.Micro <= amountMax && c.Billed >= 0
}

// record returns what to quarantine.
func (s *Settlement) record() tollgate.Record {
	if s.Record.Call != (tollgate.CallID{}) || s.Record.Raw != "" {
		return s.Record
	}
	c := &s.CDR
	return tollgate.Record{
		Call: c.Call, Source: c.Source, Direction: c.Direction, Extension: c.Extension,
		Originator: c.Originator, Caller: c.Caller, Dialed: c.Number.Raw, Trunk: c.Trunk,
		AccountCode: c.AccountCode, Private: c.Number.Private,
		Start: c.Start, Answer: c.Answer, End: c.End, Cause: c.Cause,
	}
}

// settle decides about every settlement of the commit and collects the rows.
func (c *commit) settle(batch []*operation) error {
	var waiting []*settling // those that may be settled
	for i, o := range batch {
		c.answers[i].results = make([]tollgate.Result, len(o.settle))
		for j := range o.settle {
			s := &settling{Settlement: &o.settle[j], result: &c.answers[i].results[j]}
			s.result.Call = s.CDR.Call
			reason, err := c.check(s)
			if err != nil {
				return err
			}
			if reason == "" {
				waiting = append(waiting, s)
			} else {
				s.result.Reason, s.result.Call = reason, s.record().Call
				c.refused = append(c.refused, s)
			}
		}
	}
	if err := c.claim(waiting); err != nil {
		return err
	}
	return c.quarantine()
}

// settling is a settlement on its way into the books.
type settling struct {
	*Settlement
	result   *tollgate.Result
	unposted string
}

// check says why a settlement must be quarantined, and whether its price can
// be charged to its purse.
func (c *commit) check(s *settling) (reason string, err error) {
	if reason := s.problem(); reason != "" {
		return reason, nil
	}
	for _, id := range [...]tollgate.ID{s.Purse, s.Quota} {
		if id == 0 {
			continue
		}
		purse, err := c.purse(id)
		if tollgate.CodeOf(err) == tollgate.CodeNotFound || err == nil && purse.Enterprise != s.CDR.Enterprise {
			return fmt.Sprintf("account %d does not exist in enterprise %d", id, s.CDR.Enterprise), nil
		}
		if err != nil {
			return "", err
		}
		if charge := &s.CDR.Customer; charge.Micro > 0 && charge.Currency != purse.Currency {
			// The call has happened: it is kept with its price and stands out.
			s.unposted = fmt.Sprintf("priced in %s, account %d is in %s", charge.Currency, id, purse.Currency)
			c.book.log.Warn("a call is not charged: its tariff and its account differ in currency",
				"call", s.CDR.Call, "account", id, "tariff", charge.Currency, "purse", purse.Currency)
		}
	}
	return "", nil
}

// claim takes the keys of the calls and collects the rows of those that are new.
func (c *commit) claim(waiting []*settling) error {
	entries := make([]store.Entry, len(waiting))
	for i, s := range waiting {
		if s.CDR.Purse = s.Purse; s.unposted != "" {
			s.CDR.Purse = 0
		}
		entries[i] = store.Entry{
			CDR: &s.CDR, Purse: s.Purse, Quota: s.Quota, Unposted: s.unposted, Unlisted: s.Unlisted,
		}
	}
	known, err := c.committed(waiting)
	if err != nil {
		return err
	}
	holders, err := c.Claim(entries)
	if err != nil {
		return err
	}
	fresh := entries[:0]
	for i, s := range waiting {
		s.result.CDR = s.CDR.ID
		switch {
		case known != nil && known[i] == s.CDR.ID:
			s.result.Outcome = tollgate.OutcomeStored // by the commit whose answer was lost
		case holders != nil && holders[i] != s.CDR.ID:
			s.result.CDR = holders[i]
			s.result.Outcome = tollgate.OutcomeDuplicate
		default:
			s.result.Outcome = tollgate.OutcomeStored
			if err := c.charge(&entries[i]); err != nil {
				return err
			}
			c.count(&s.CDR)
			fresh = append(fresh, entries[i])
		}
		if s.Release != 0 {
			c.replayed = append(c.replayed, s.Release)
		}
	}
	return c.InsertEntries(fresh)
}

// committed returns for each call the id of the CDR it is stored as already, or
// nil at the first try: then what Claim says is enough.
func (c *commit) committed(waiting []*settling) ([]tollgate.ID, error) {
	if !c.again {
		return nil, nil
	}
	calls := make([]tollgate.CallID, len(waiting))
	for i, s := range waiting {
		calls[i] = s.CDR.Call
	}
	return c.Holders(calls)
}

// charge moves what a call costs from the purse to the house.
func (c *commit) charge(e *store.Entry) error {
	d := e.CDR
	if e.Unposted != "" || d.Customer.Micro == 0 {
		return nil
	}
	if e.Quota != 0 {
		c.delta(d.Enterprise, e.Quota).Used += d.Customer.Micro
	}
	if e.Purse == 0 {
		return nil
	}
	revenue, err := c.house(d.Enterprise, d.Customer.Currency, houseRevenue)
	if err != nil {
		return err
	}
	// The transfer carries the call's own id: one key for both says that no
	// call is charged twice.
	c.transfer(tollgate.Transfer{
		Enterprise: d.Enterprise, ID: d.ID, Debit: e.Purse, Credit: revenue,
		Amount: d.Customer.Micro, Currency: d.Customer.Currency,
		Kind: tollgate.TransferCharge, CDR: d.ID,
	})
	return nil
}

// quarantine keeps what was refused, unless the call is in the books already:
// then sending it again changes nothing, whatever is wrong with it now.
func (c *commit) quarantine() error {
	calls := make([]tollgate.CallID, len(c.refused))
	for i, s := range c.refused {
		calls[i] = s.record().Call
	}
	if len(calls) == 0 {
		return nil
	}
	holders, err := c.Holders(calls)
	if err != nil {
		return err
	}
	var rows []store.Quarantined
	for i, s := range c.refused {
		if holders[i] != 0 {
			s.result.Outcome, s.result.CDR, s.result.Reason = tollgate.OutcomeDuplicate, holders[i], ""
			if s.Release != 0 {
				c.replayed = append(c.replayed, s.Release)
			}
			continue
		}
		s.result.Outcome = tollgate.OutcomeQuarantined
		rows = append(rows, store.Quarantined{
			Enterprise: s.CDR.Enterprise, Reason: s.result.Reason, Record: s.record(),
		})
	}
	return c.Quarantine(rows)
}
