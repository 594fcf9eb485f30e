package charging

import (
	"context"
	"strings"
	"time"

	"tollgate"
	"tollgate/numbering"
	"tollgate/rating"
)

// Query asks what a call would cost. Device says how the number is written,
// and with Trunk what the call would cost the house; without a device the
// number is E.164. Account says who would pay; Tariff overrides whose tariff applies.
type Query struct {
	Device   tollgate.ID
	Trunk    string
	Account  tollgate.ID
	Tariff   tollgate.ID
	Number   string
	Answer   time.Time
	Duration time.Duration
}

// Quote is the answer, with a sentence for each side that has a price.
type Quote struct {
	Number          tollgate.Number `json:"number"`
	Customer        tollgate.Charge `json:"customer"`
	CustomerBecause string          `json:"customer_because"`
	Cost            tollgate.Charge `json:"cost"`
	CostBecause     string          `json:"cost_because"`
	Margin          *int64          `json:"margin"` // as of a CDR
}

// Simulate prices a call that does not happen. It fails with CodeInvalid for a
// question that has no answer, and with CodeNotFound for an unknown device,
// account or tariff; owner confines all three to one enterprise, 0 to none.
func (f *Office) Simulate(ctx context.Context, owner tollgate.ID, q Query) (Quote, error) {
	d, err := f.directory(ctx)
	if err != nil {
		return Quote{}, err
	}
	if q.Duration < 0 || q.Duration > callDurationMax {
		return Quote{}, tollgate.Errorf(tollgate.CodeInvalid, "duration: want 0 seconds to 31 days")
	}
	c := tollgate.CDR{Direction: tollgate.Outbound, Trunk: q.Trunk, Payer: q.Account, Enterprise: owner}
	c.Answer, c.Start, c.End = micros(q.Answer), micros(q.Answer), micros(q.Answer.Add(q.Duration))
	if err := d.simulated(owner, q, &c); err != nil {
		return Quote{}, err
	}
	reason := ""
	if q.Tariff != 0 {
		reason = d.price(q.Tariff, asked(&c), &c.Customer)
	} else {
		reason = d.priceCustomer(d.accounts[q.Account], verdict{}, &c)
	}
	if reason == "" {
		reason = d.priceCost(&c)
	}
	if reason != "" {
		return Quote{}, tollgate.Errorf(tollgate.CodeInvalid, "%s", reason)
	}
	d.margin(&c)
	return Quote{
		Number: c.Number, Customer: c.Customer, Cost: c.Cost, Margin: c.Margin,
		CustomerBecause: rating.Explain(&c.Customer), CostBecause: rating.Explain(&c.Cost),
	}, nil
}

// simulated looks up what a query names.
func (d *directory) simulated(owner tollgate.ID, q Query, c *tollgate.CDR) error {
	visible := func(enterprise tollgate.ID) bool { return owner == 0 || owner == enterprise }
	if a := d.accounts[q.Account]; q.Account != 0 {
		if a == nil || !visible(a.Enterprise) {
			return tollgate.Errorf(tollgate.CodeNotFound, "account %d does not exist", q.Account)
		}
		c.Enterprise = a.Enterprise
	}
	if t := d.tariffs[q.Tariff]; q.Tariff != 0 && (t == nil || !visible(t.words.Enterprise)) {
		return tollgate.Errorf(tollgate.CodeNotFound, "tariff %d does not exist", q.Tariff)
	}
	if q.Device == 0 {
		digits := strings.TrimPrefix(strings.TrimSpace(q.Number), "+")
		if strings.HasPrefix(digits, "0") {
			return tollgate.Errorf(tollgate.CodeInvalid,
				"number %q: without a device write it with its country code, such as +49301234567", q.Number)
		}
		plan, err := numbering.NewPlan(tollgate.DialingPlan{}, d.own)
		if err != nil {
			return err
		}
		c.Number = plan.Normalise("+" + digits)
	} else {
		s := d.sites[q.Device]
		if s == nil || !visible(s.device.Enterprise) {
			return tollgate.Errorf(tollgate.CodeNotFound, "device %d does not exist", q.Device)
		}
		if s.broken != nil {
			return tollgate.Errorf(tollgate.CodeInvalid, "device %q: %w", s.device.Name, s.broken)
		}
		c.Number = s.number(q.Number, q.Trunk, false)
		c.Operator = s.trunk(q.Trunk).Operator
	}
	if c.Number.E164 == "" {
		return tollgate.Errorf(tollgate.CodeInvalid, "number %q: no digits to call", q.Number)
	}
	return nil
}
