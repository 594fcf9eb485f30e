package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

type tokenCommand struct {
	Add    tokenAdd    `cmd:"" help:"Make a token and print it, this once."`
	List   tokenList   `cmd:"" help:"List the tokens."`
	Revoke tokenRevoke `cmd:"" help:"Take a token away: whoever holds it is out."`
}

// openGate opens the books and the gate before them.
func (f databaseFlags) openGate(p *program, create bool) (*store.DB, *access.Gate, error) {
	if create && f.Data != "" {
		if _, err := os.Stat(filepath.Join(f.Data, databaseName)); err != nil {
			fmt.Fprintf(p.stderr, "there was no database in %s: it is made\n", f.Data)
		}
	}
	db, err := f.open(p.ctx, p, create)
	if err != nil {
		return nil, nil, err
	}
	gate, err := access.New(db, access.Options{Now: p.now, Random: rand.Reader, Log: p.log})
	if err != nil {
		return nil, nil, err
	}
	return db, gate, nil
}

// commandPrincipal is whoever can read the database's files: there is nothing
// that they could not do.
func commandPrincipal() access.Principal {
	return access.Principal{Name: operatorActor().Name, Role: access.RoleAdmin}
}

// enterpriseNamed finds an enterprise; the empty name is the house's.
func enterpriseNamed(p *program, db *store.DB, name string) (tollgate.ID, error) {
	if name == "" {
		return 0, nil
	}
	filter := store.AccountFilter{Kind: tollgate.KindEnterprise, Search: name}
	for paging := (store.Paging{Rows: store.PageRowsMax}); ; {
		found, err := db.Accounts(p.ctx, store.Everything, filter, paging)
		if err != nil {
			return 0, err
		}
		for _, a := range found.Items {
			if a.Name == name {
				return a.ID, nil
			}
		}
		if paging.After = found.Next; paging.After == "" {
			return 0, tollgate.Errorf(tollgate.CodeNotFound, "no enterprise is named %q", name)
		}
	}
}

// nameOf is the name of an enterprise for a list.
func nameOf(p *program, db *store.DB, enterprise tollgate.ID) (string, error) {
	if enterprise == 0 {
		return "all", nil
	}
	a, err := db.Account(p.ctx, store.Everything, enterprise)
	return a.Name, err
}

type tokenAdd struct {
	databaseFlags
	Name       string `arg:"" help:"What the token is for."`
	Role       string `default:"reader" enum:"admin,operator,reader" help:"admin, operator (everything but people and tokens) or reader."`
	Enterprise string `help:"Name of the enterprise it is confined to." placeholder:"NAME"`
	Days       int    `help:"How long it is good; without end if not said." placeholder:"N"`
}

// Run prints the token alone on standard output.
func (c *tokenAdd) Run(p *program) error {
	db, gate, err := c.openGate(p, true)
	if err != nil {
		return err
	}
	defer db.Close()
	enterprise, err := enterpriseNamed(p, db, c.Enterprise)
	if err != nil {
		return err
	}
	t := store.Token{Name: c.Name, Role: c.Role, Enterprise: enterprise}
	if c.Days != 0 {
		t.Expires = p.now().Add(time.Duration(c.Days) * 24 * time.Hour)
	}
	secret, _, err := gate.NewToken(p.ctx, commandPrincipal(), t)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, secret)
	return err
}

type tokenList struct{ databaseFlags }

// Run lists the tokens without what they are.
func (c *tokenList) Run(p *program) error {
	db, err := c.open(p.ctx, p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	tokens, err := db.Tokens(p.ctx, store.Everything)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tENTERPRISE\tBEGINS\tEXPIRES\tUSED")
	for _, t := range tokens {
		enterprise, err := nameOf(p, db, t.Enterprise)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n",
			t.Name, t.Role, enterprise, t.Prefix, day(t.Expires), day(t.Used))
	}
	return w.Flush()
}

// day prints when something was or will be; never for the zero time.
func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

type tokenRevoke struct {
	databaseFlags
	Name string `arg:"" help:"Name of the token."`
}

// Run takes the token away at once, also from a server that is running.
func (c *tokenRevoke) Run(p *program) error {
	db, gate, err := c.openGate(p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	tokens, err := db.Tokens(p.ctx, store.Everything)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if t.Name == c.Name {
			return gate.Revoke(p.ctx, commandPrincipal(), t.ID)
		}
	}
	return tollgate.Errorf(tollgate.CodeNotFound, "no token is named %q", c.Name)
}
