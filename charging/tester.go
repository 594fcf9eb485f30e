package charging

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"tollgate"
	"tollgate/rating"
)

// Decision is what would become of a call.
type Decision struct {
	Grant  tollgate.Grant     `json:"grant"`
	Rule   string             `json:"rule"` // the call rule that fits; empty: none
	Payer  tollgate.ID        `json:"payer"`
	PaidBy tollgate.PayerRule `json:"paid_by"`
	Tariff tollgate.ID        `json:"tariff"` // that would price it; 0: none is known
	Number tollgate.Number    `json:"number"`
	Steps  []string           `json:"steps"` // in words: rules, who pays, what limits, the answer
	First  tollgate.Charge    `json:"first"` // the price of the first minute
}

// Decide says what Authorize would answer, and why, and holds nothing. It
// fails with CodeNotFound for an unknown device; owner confines it to one
// enterprise, 0 to none.
func (f *Office) Decide(ctx context.Context, owner tollgate.ID, a tollgate.Attempt) (Decision, error) {
	d, err := f.directory(ctx)
	if err != nil {
		return Decision{}, err
	}
	site := d.sites[a.Call.Device]
	if site == nil || owner != 0 && site.device.Enterprise != owner {
		return Decision{}, tollgate.Errorf(tollgate.CodeNotFound, "device %d does not exist", a.Call.Device)
	}
	if a.At.IsZero() {
		a.At = f.now()
	}
	a.Call.UniqueID = cmp.Or(a.Call.UniqueID, "test")
	out := Decision{}
	say := func(format string, args ...any) { out.Steps = append(out.Steps, fmt.Sprintf(format, args...)) }
	number := d.dialed(&a)
	if number.Class == tollgate.ClassEmergency {
		out.Number = number
		out.Grant = free(a.Call)
		say("%s is an emergency number: it always goes through and is never charged.", a.Dialed)
		return out, nil
	}
	kept, refusal := d.terms(&a, number, say)
	out.Rule, out.Payer, out.PaidBy, out.Number = kept.Verdict.Rule, kept.Payer, kept.PaidBy, kept.Number
	out.Tariff = kept.Tariff
	if kept.Number.E164 != "" {
		say("%s is %s.", a.Dialed, place(&kept.Number))
	}
	if kept.Payer != 0 {
		say("%s pays, found by %s.", d.nameOf(kept.Payer), strings.ReplaceAll(string(kept.PaidBy), "_", " "))
	}
	if refusal == nil {
		refusal = f.foresee(ctx, d, &kept, &out, say)
	}
	if refusal != nil {
		out.Grant = refused(a.Call, kept.Verdict.NoCredit, refusal)
		say("Refused: %s.", out.Grant.Reason)
	}
	out.Grant.Call = tollgate.CallID{}
	return out, nil
}

// place says what is known of a number.
func place(n *tollgate.Number) string {
	words := []string{n.E164}
	if n.Country != "" {
		words[0] = "+" + n.E164
	}
	for _, word := range []string{string(n.Class), n.Destination} {
		if word != "" {
			words = append(words, word)
		}
	}
	if len(words) == 1 {
		words = append(words, "which nobody knows the place of")
	}
	return strings.Join(words, ", ")
}

// talkText says how long somebody can talk, as a telephone shows it.
func talkText(d time.Duration) string {
	if d >= affordsMax {
		return "more than a day"
	}
	s := int64(d / time.Second)
	return fmt.Sprintf("%d:%02d minutes", s/60, s%60)
}

// foresee says what the call would cost and for how long the money would last.
func (f *Office) foresee(
	ctx context.Context, d *directory, kept *keptCall, out *Decision, say func(string, ...any),
) error {
	if kept.Tariff != 0 {
		m := d.meter(kept.Tariff, kept.Number, f.now())
		if _, reason := m.cost(time.Minute); reason != "" {
			if !kept.Unlimited {
				return tollgate.Errorf(tollgate.CodeForbidden, "%s", reason)
			}
			say("It is not priced: %s.", reason)
		} else {
			out.First = m.charge
			say("A minute: %s", rating.Explain(&m.charge))
		}
	}
	if kept.Unlimited {
		out.Grant = free(kept.Attempt.Call)
		say("Allowed without limit.")
		return nil
	}
	room, short, err := f.room(ctx, d, kept.Chain)
	if err != nil {
		return err
	}
	m := d.meterOf(kept, f.now())
	lasts := m.affordable(room, affordsMax)
	left := tollgate.Money{Micro: room, Currency: kept.Currency}
	if lasts <= 0 {
		return d.short(kept.Payer, short, left)
	}
	out.Grant = tollgate.Grant{
		Allowed: true, For: min(lasts, sliceMin), Affords: lasts, Left: left,
		Then: orHangup(kept.Verdict.Exhausted, causeCleared),
	}
	say("Allowed: %s has %s left, which lasts for %s.", d.nameOf(short), left, talkText(lasts))
	return nil
}

// room is the smallest room among accounts, as the books stand, and whose it is.
func (f *Office) room(ctx context.Context, d *directory, chain []tollgate.ID) (
	room int64, short tollgate.ID, err error,
) {
	for _, id := range chain {
		a, err := f.db.Account(ctx, 0, id)
		if err != nil {
			return 0, 0, err
		}
		if a.Mode == tollgate.ModeQuota && a.Reset != "" && a.Reset != tollgate.Never &&
			periodStart(f.now(), a.Reset, a.WeekStart, d.zone(&a)).After(a.PeriodStart) {
			a.Used = 0 // as it will be when it is asked
		}
		if short == 0 || a.Available() < room {
			room, short = a.Available(), id
		}
	}
	return room, short, nil
}
