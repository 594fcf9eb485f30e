package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/rating"
)

// Call is one call as a list shows it, with what explains its prices.
type Call struct {
	ID          tollgate.ID
	Began       string // with date and year
	BeganShort  string
	Caller      string
	CallerName  string // of the extension; empty: it has none
	Payer       string
	Purse       string // whose money it was; empty: the payer's own, or nobody's
	Number      string
	Destination string
	Class       tollgate.Class
	ClassLabel  string
	Duration    string
	House       bool // show the cost side and the margin
	Customer    Side
	Cost        Side
	Margin      *Amount // nil: unknown, and the note of the cost may say why
}

// ClassBeside is the class for a list, empty where the destination says it already.
func (r Call) ClassBeside() string {
	if strings.Contains(strings.ToLower(r.Destination), r.ClassLabel) {
		return ""
	}
	return r.ClassLabel
}

// Side is the price of one side of a call and why.
type Side struct {
	Title     string
	Price     Price
	Sentence  string
	Note      string // empty: nothing to add
	Remedy    string // where there is no price; AgainPath leads to the calls without one
	AgainPath string
	Steps     []rating.Step
	More      int // steps of a very long call that are not listed
}

// stepsMax is how many steps of a calculation are listed: a call over weeks
// has one for every change of band.
const stepsMax = 40

// Price is an amount, or the words that stand where there is none, or beside one
// that nobody paid.
type Price struct {
	Amount *Amount
	Label  string
	Tone   string
}

// Clockwork is how times are told: in a zone, seen from now.
type Clockwork struct {
	Zone *time.Location
	Now  time.Time
}

// NewCall makes the view of a call for a person of the house or of an
// enterprise, who does not learn what the call cost us.
func NewCall(c *tollgate.CDR, n *Names, told Clockwork, house bool) Call {
	c = c.Discreet()
	row := Call{
		ID: c.ID, Began: Instant(c.Start, told.Zone), BeganShort: ShortInstant(c.Start, told.Now, told.Zone),
		Caller: caller(c), CallerName: n.Extension(c), Payer: n.Account(c.Payer), Number: NumberText(&c.Number),
		Destination: c.Number.Destination, Class: c.Number.Class, ClassLabel: ClassText(c.Number.Class),
		Duration: Clock(c.Duration()), House: house,
	}
	if c.Answer.IsZero() {
		row.Duration = "–"
	}
	row.Customer = newCallSide("Customer", n.Tariff(c.Customer.Tariff), c, &c.Customer)
	if c.Purse != c.Payer {
		row.Purse = n.Account(c.Purse)
	}
	if row.Customer.Note = paidNote(c, &row); c.Uncharged() {
		row.Customer.Price.Label, row.Customer.Price.Tone = "unpaid", "warn"
	}
	if house {
		title := "Operator"
		if name := n.Operator(c.Operator); name != "" {
			title += " " + name
		}
		row.Cost = newCallSide(title, n.Tariff(c.Cost.Tariff), c, &c.Cost)
		row.Cost.AgainPath = "/cdrs?status=" + UnpricedAnywhere
		row.Margin, row.Cost.Note = NewMargin(&c.Customer, &c.Cost, c.Earned())
	}
	return row
}

// paidNote says who paid for a call that has a price, or that nobody was found to.
func paidNote(c *tollgate.CDR, row *Call) string {
	switch {
	case c.Unpaid():
		return "Nobody was found to pay, so nobody was charged."
	case c.Customer.Micro == 0 || row.Payer == "": // nobody had to, or the account was deleted
		return ""
	case c.Uncharged():
		return row.Payer + " was not charged: it has no money in " + string(c.Customer.Currency) + "."
	}
	return "Paid by " + row.Payer + Prefixed(" with the money of ", row.Purse) + "."
}

// NewMargin makes the view of what remains of a call. Where nobody knows, though
// both prices are known, why says so.
func NewMargin(sell, buy *tollgate.Charge, margin *int64) (a *Amount, why string) {
	switch {
	case margin != nil:
		return NewAmount(tollgate.Money{Micro: *margin, Currency: sell.Currency}), ""
	case sell.Status == tollgate.ChargePriced && buy.Status == tollgate.ChargePriced:
		return nil, fmt.Sprintf("The margin is unknown: no exchange rate from %s into %s was in force.",
			buy.Currency, sell.Currency)
	}
	return nil, ""
}

// caller is who made the call: the extension, and the line that put it into the
// public network where that is another one.
func caller(c *tollgate.CDR) string {
	switch {
	case c.Extension != "" && c.Originator != "" && c.Originator != c.Extension:
		return c.Extension + " via " + c.Originator
	case c.Extension != "":
		return c.Extension
	case c.Originator != "":
		return c.Originator
	case c.Caller != "":
		return c.Caller
	}
	return "unknown"
}

func newPrice(c *tollgate.Charge) Price {
	switch c.Status {
	case tollgate.ChargePriced:
		return Price{Amount: NewAmount(c.Money())}
	case tollgate.ChargeUnpriced:
		return Price{Label: "unpriced", Tone: "warn"}
	case tollgate.ChargeUnanswered:
		return Price{Label: "not answered"}
	case tollgate.ChargeNone:
	}
	return Price{Label: "no tariff"}
}

// NewSide makes the view of one side of a call; tariff is the name of its tariff.
func NewSide(title, tariff string, c *tollgate.Charge) Side {
	out := Side{
		Title: title, Price: newPrice(c), Sentence: rating.Explain(c),
		AgainPath: "/cdrs?status=" + string(tollgate.ChargeUnpriced),
	}
	if tariff != "" {
		out.Title += " · tariff " + tariff
	}
	if c.Status == tollgate.ChargeUnpriced && tariff != "" {
		out.Remedy = "No deck of the tariff " + tariff + " that was in force when the call began has a rate for " +
			"this number: add it to that deck, or import one with an earlier “In force from”"
	}
	out.Steps = rating.Steps(c)
	if n := len(out.Steps); n > stepsMax {
		out.More = n - stepsMax
		out.Steps = append(out.Steps[:stepsMax-1], out.Steps[n-1])
	}
	for i := range out.Steps {
		out.Steps[i].Label = Capital(out.Steps[i].Label)
	}
	return out
}

// UnpricedAnywhere is the value of the filter of calls by price that finds those
// without a price on either side.
const UnpricedAnywhere = "unpriced_anywhere"

// newCallSide is NewSide for a call that was made: the calculation begins with
// its exact time where that is no whole number of seconds.
func newCallSide(title, tariff string, call *tollgate.CDR, c *tollgate.Charge) Side {
	side := NewSide(title, tariff, c)
	if rounded := roundedText(call.Duration(), c.Seconds); rounded != "" && len(side.Steps) > 0 {
		side.Steps = slices.Insert(side.Steps, 0, rating.Step{
			Label: "Duration", Sum: rounded, Value: strconv.FormatInt(c.Seconds, 10) + " s",
		})
	}
	return side
}

// PerText says what a price is for.
func PerText(seconds int64) string {
	switch seconds {
	case 1:
		return "per second"
	case 60:
		return "per minute"
	case 3600:
		return "per hour"
	}
	return "per " + strconv.FormatInt(seconds, 10) + " s"
}

// DayStart is midnight before now in the zone.
func (c Clockwork) DayStart() time.Time {
	y, m, d := c.Now.In(c.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, c.Zone)
}
