package main

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"

	"tollgate"
	"tollgate/rating"
)

// explainCommand says what one call costs, and why.
type explainCommand struct {
	tariffFlags
	To       string `required:"" placeholder:"NUMBER" help:"Called number, country code first."`
	Answer   string `required:"" placeholder:"TIME" help:"When it was answered, such as 2026-07-01T12:00:00Z."`
	Duration string `required:"" placeholder:"SECONDS" help:"How long it was answered."`
}

// Run prints the sentence and the calculation.
func (c *explainCommand) Run(p *program) error {
	if err := onlyOneStdin(c.Tariff, c.Rates); err != nil {
		return err
	}
	call := rating.Call{Number: strings.TrimPrefix(c.To, "+")}
	if call.Number == "" || !allDigits([]byte(call.Number)) || len(call.Number) > toDigitsMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "--to %q: want digits, also with + before them", c.To)
	}
	if err := call.Answer.UnmarshalText([]byte(c.Answer)); err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "--answer %q: want an instant such as 2026-07-01T12:00:00Z", c.Answer)
	}
	var err error
	if call.Duration, err = parseDuration(bytes.TrimSpace([]byte(c.Duration))); err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "--duration %q: %w", c.Duration, err)
	}
	tariff, plan, err := c.load(p)
	if err != nil {
		return err
	}
	if plan != nil {
		call.Class = plan.Normalise("+" + call.Number).Class
	}
	var charge tollgate.Charge
	if err := tariff.Price(call, &charge); err != nil {
		return err
	}
	return p.printCharge(tariff, call, &charge)
}

// printCharge prints the sentence, what went into the price, and its steps.
func (p *program) printCharge(tariff *rating.Tariff, call rating.Call, c *tollgate.Charge) error {
	local := call.Answer.In(tariff.Location())
	table := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "%s\n\n", rating.Explain(c))
	fmt.Fprintf(table, "rate\t%s\t%s\n", c.Rate, c.RateName)
	fmt.Fprintf(table, "answered\t%s\t%s\n", local.Format("Mon 2006-01-02 15:04:05.999999999"), local.Location())
	fmt.Fprintf(table, "lasted\t%s\t%d s\n", call.Duration, c.Seconds)
	for _, step := range rating.Steps(c) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", step.Label, step.Sum, step.Value)
	}
	return table.Flush()
}
