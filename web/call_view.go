package web

import (
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/rating"
)

// callRow is one call as a list shows it, with what explains its prices.
type callRow struct {
	ID          tollgate.ID
	Began       string // with date and year
	BeganShort  string
	Caller      string
	Payer       string
	Number      string
	Destination string
	Class       tollgate.Class
	ClassLabel  string
	Duration    string
	House       bool // show the cost side and the margin
	Customer    side
	Cost        side
	Margin      *amount // nil: unknown
}

// ClassBeside is the class for a list, empty where the destination says it already.
func (r callRow) ClassBeside() string {
	if strings.Contains(strings.ToLower(r.Destination), r.ClassLabel) {
		return ""
	}
	return r.ClassLabel
}

// side is the price of one side of a call and why.
type side struct {
	Title    string
	Price    price
	Sentence string
	Remedy   string
	Steps    []rating.Step
	More     int // steps of a very long call that are not listed
}

// stepsMax is how many steps of a calculation are listed: a call over weeks
// has one for every change of band.
const stepsMax = 40

// price is an amount, or the words that stand where there is none.
type price struct {
	Amount *amount
	Label  string
	Tone   string
}

// clockwork is how times are told: in a zone, seen from now.
type clockwork struct {
	zone *time.Location
	now  time.Time
}

// newCallRow makes the view of a call for a person of the house or of an
// enterprise, who does not learn what the call cost us.
func newCallRow(c *tollgate.CDR, n *names, told clockwork, house bool) callRow {
	row := callRow{
		ID: c.ID, Began: instant(c.Start, told.zone), BeganShort: shortInstant(c.Start, told.now, told.zone),
		Caller: caller(c), Payer: n.account(c.Payer), Number: numberText(&c.Number),
		Destination: c.Number.Destination, Class: c.Number.Class, ClassLabel: classText(c.Number.Class), Duration: clock(c.Duration()), House: house,
	}
	if c.Answer.IsZero() {
		row.Duration = "–"
	}
	row.Customer = newSide("Customer", n.tariff(c.Customer.Tariff), &c.Customer)
	if house {
		title := "Operator"
		if name := n.operator(c.Operator); name != "" {
			title += " " + name
		}
		row.Cost = newSide(title, n.tariff(c.Cost.Tariff), &c.Cost)
		if c.Margin != nil {
			row.Margin = newAmount(tollgate.Money{Micro: *c.Margin, Currency: c.Customer.Currency})
		}
	}
	return row
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

func newPrice(c *tollgate.Charge) price {
	switch c.Status {
	case tollgate.ChargePriced:
		return price{Amount: newAmount(c.Money())}
	case tollgate.ChargeUnpriced:
		return price{Label: "unpriced", Tone: "warn"}
	case tollgate.ChargeUnanswered:
		return price{Label: "not answered"}
	}
	return price{Label: "no tariff"}
}

func newSide(title, tariff string, c *tollgate.Charge) side {
	out := side{Title: title, Price: newPrice(c), Sentence: rating.Explain(c)}
	if tariff != "" {
		out.Title += " · tariff " + tariff
	}
	if c.Status == tollgate.ChargeUnpriced && tariff != "" {
		out.Remedy = "Add a rate for this number to the tariff " + tariff + ", then price the unpriced calls again."
	}
	out.Steps = rating.Steps(c)
	if n := len(out.Steps); n > stepsMax {
		out.More = n - stepsMax
		out.Steps = append(out.Steps[:stepsMax-1], out.Steps[n-1])
	}
	for i := range out.Steps {
		out.Steps[i].Label = sentenceCase(out.Steps[i].Label)
	}
	return out
}

// perText says what a price is for.
func perText(seconds int64) string {
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
