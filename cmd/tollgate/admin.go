package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

type adminCommand struct {
	Add  adminAdd  `cmd:"" help:"Add a person and print a one-time link with which they set their password."`
	Link adminLink `cmd:"" help:"Print a one-time link with which somebody sets a new password."`
	List adminList `cmd:"" help:"List the people."`
}

// linkFlags say how a link is written.
type linkFlags struct {
	URL string `help:"Where the pages are reached; found out by itself on the machine of the package." placeholder:"URL"`
}

// print prints a link that can be used once.
func (f linkFlags) print(p *program, whose, secret string) error {
	_, public := servedAt()
	fmt.Fprintf(p.stderr, "%s, once, within a day:\n", whose)
	_, err := fmt.Fprintf(p.stdout, "%s/setup/%s\n", strings.TrimRight(cmp.Or(f.URL, public), "/"), secret)
	return err
}

type adminAdd struct {
	databaseFlags
	linkFlags
	Name       string `arg:"" help:"With which they come in."`
	Role       string `default:"admin" enum:"admin,operator,reader" help:"admin, operator (everything but people and tokens) or reader."`
	Enterprise string `help:"Name of the enterprise they are confined to." placeholder:"NAME"`
}

// Run adds somebody who has no password yet.
func (c *adminAdd) Run(p *program) error {
	db, gate, err := c.openGate(p, true)
	if err != nil {
		return err
	}
	defer db.Close()
	enterprise, err := enterpriseNamed(p, db, c.Enterprise)
	if err != nil {
		return err
	}
	u, err := gate.AddUser(p.ctx, operatorActor(), store.User{
		Name: c.Name, Role: c.Role, Enterprise: enterprise,
	}, "")
	if err != nil {
		return err
	}
	secret, err := gate.NewLink(p.ctx, operatorActor(), u.Name)
	if err != nil {
		return err
	}
	return c.print(p, "With this link "+u.Name+" sets a password", secret)
}

type adminLink struct {
	databaseFlags
	linkFlags
	Name string `arg:"" optional:"" help:"Whose password; needed where there are several people."`
}

// Run makes a new link; an older one of the same person dies.
func (c *adminLink) Run(p *program) error {
	db, gate, err := c.openGate(p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	secret, first, err := gate.FirstLink(p.ctx)
	if err != nil {
		return err
	}
	if first && c.Name == "" {
		return c.print(p, "With this link somebody becomes the first administrator", secret)
	}
	name, err := c.person(p, db)
	if err != nil {
		return err
	}
	if secret, err = gate.NewLink(p.ctx, operatorActor(), name); err != nil {
		return err
	}
	return c.print(p, "With this link "+name+" sets a new password", secret)
}

// person is whose link it is: the one who is named, or the only one.
func (c *adminLink) person(p *program, db *store.DB) (string, error) {
	if c.Name != "" {
		return c.Name, nil
	}
	users, err := db.Users(p.ctx, store.Everything)
	if err != nil {
		return "", err
	}
	if len(users) == 1 {
		return users[0].Name, nil
	}
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.Name
	}
	return "", tollgate.Errorf(tollgate.CodeInvalid, "say whose password: %s", strings.Join(names, ", "))
}

type adminList struct{ databaseFlags }

// Run lists the people.
func (c *adminList) Run(p *program) error {
	db, err := c.open(p.ctx, p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	users, err := db.Users(p.ctx, store.Everything)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tENTERPRISE\tSTATE\tSINCE")
	for _, u := range users {
		enterprise, err := nameOf(p, db, u.Enterprise)
		if err != nil {
			return err
		}
		state := "active"
		switch {
		case u.Disabled:
			state = "disabled"
		case u.PasswordHash == "":
			state = "has no password yet"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Name, access.Role(u.Role), enterprise, state, day(u.Created))
	}
	return w.Flush()
}
