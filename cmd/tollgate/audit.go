package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store/audit"
)

type auditCommand struct {
	databaseFlags
	JSON bool `help:"Print the report as JSON."`
}

// Help says more than one line can.
func (auditCommand) Help() string {
	return "The books may be in use: the audit reads one instant of them and holds nobody up. " +
		"It ends with 1 when something contradicts something else, and names the first cases of each kind."
}

// Run audits the books and fails when they are not right.
func (c auditCommand) Run(p *program) error {
	db, err := c.open(p.ctx, p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	began := p.now()
	report, err := ledger.New(db, ledger.Options{Now: p.now, Log: p.log}).Audit(p.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(p.stdout).Encode(report)
	} else {
		err = printAudit(p.stdout, report, p.now().Sub(began))
	}
	if err != nil {
		return err
	}
	if n := len(report.Findings); n > 0 {
		return tollgate.Errorf(tollgate.CodeInternal, "the books are not right: %d findings", n)
	}
	return nil
}

// printAudit says what was looked at, rule by rule what was found, and in one
// last line how it stands.
func printAudit(w io.Writer, r audit.Report, took time.Duration) error {
	for _, c := range r.Checked {
		fmt.Fprintf(w, "%10d  %s\n", c.Rows, c.What)
	}
	found := map[string][]string{}
	for _, f := range r.Findings {
		found[f.Rule] = append(found[f.Rule], f.What)
	}
	for _, rule := range r.Rules {
		if len(found[rule]) == 0 {
			fmt.Fprintf(w, "ok      %s\n", rule)
			continue
		}
		fmt.Fprintf(w, "BROKEN  %s\n", rule)
		for _, what := range found[rule] {
			fmt.Fprintf(w, "        %s\n", what)
		}
	}
	if r.Overdrawn > 0 {
		fmt.Fprintf(w, "note    %d prepaid accounts are below their limit, each with its reason\n", r.Overdrawn)
	}
	if r.Unposted > 0 {
		fmt.Fprintf(w, "note    %d priced calls are not charged: tariff and account differ in currency\n", r.Unposted)
	}
	verdict := "the books are right"
	if len(r.Findings) > 0 {
		verdict = fmt.Sprintf("the books are NOT right: %d findings", len(r.Findings))
	}
	_, err := fmt.Fprintf(w, "%s (%d rules, %s)\n", verdict, len(r.Rules), took.Round(time.Millisecond))
	return err
}
