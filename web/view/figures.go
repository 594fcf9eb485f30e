package view

import (
	"time"

	"tollgate/store"
)

// Figures are the sums over some calls. Money is listed by currency.
type Figures struct {
	Calls, Answered string
	Minutes         string
	Revenue         []*Amount
	Cost            []*Amount
	Margin          []*Amount
	MarginOf        string // of which calls; empty: of those in Revenue and Cost
	House           bool   // show the cost and the margin
	Now             bool   // show how many calls are in progress
	Live            string // as a number; empty: none
	Waiting         bool   // show what waits for a person
	Unpriced        string // empty: none
	UnpricedPath    string
	Unpaid          string // calls with a price that nobody was found to pay; empty: none
	UnpaidPath      string
	Quarantined     string // empty: none
}

// NewFigures makes the view of sums.
func NewFigures(t *store.Totals, house bool) Figures {
	f := Figures{
		Calls: Count(t.Calls), Answered: Count(t.Answered), House: house,
		Minutes: Minutes(t.Talked / int64(time.Second/time.Microsecond)), Revenue: amounts(t.Charged),
	}
	if house {
		f.Cost, f.Margin = amounts(t.Cost), amounts(t.Margin)
		known := calls(t.Margin)
		if known > 0 && (known != calls(t.Charged)+t.Unpaid || known != calls(t.Cost)) {
			f.MarginOf = "of " + Plural(int(known), "call", "calls") + " where it is known"
		}
	}
	return f
}

func calls(sums []store.Amount) (n int64) {
	for _, sum := range sums {
		n += sum.Calls
	}
	return n
}

func amounts(sums []store.Amount) []*Amount {
	var out []*Amount
	for _, sum := range sums {
		out = append(out, NewAmount(sum.Money))
	}
	return out
}
