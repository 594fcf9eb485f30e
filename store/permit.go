package store

import (
	"context"
	"fmt"
	"slices"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Limits of groups.
const (
	groupMembersMax   = 10_000
	groupNameBytesMax = 200
)

// PutGroup stores a group with exactly its members, users' accounts of its
// enterprise. The enterprise never changes once made.
func (c *Change) PutGroup(g *tollgate.Group) error {
	slices.Sort(g.Members)
	g.Members = slices.Compact(g.Members)
	if len(g.Name) > groupNameBytesMax || len(g.Members) > groupMembersMax || g.Enterprise == 0 || g.Name == "" {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"group %.40q: want an enterprise, a name of 1 to %d bytes, and at most %d members",
			g.Name, groupNameBytesMax, groupMembersMax)
	}
	if err := c.requireEnterprise(g.Enterprise); err != nil {
		return err
	}
	for _, member := range g.Members {
		if member == 0 {
			return tollgate.Errorf(tollgate.CodeInvalid, "group %q: account 0 does not exist", g.Name)
		}
		if err := c.requireAccount(member, g.Enterprise); err != nil {
			return err
		}
	}
	var before any
	if g.ID == 0 {
		c.give(&g.ID)
	} else {
		old, err := c.group(g.ID)
		if err != nil {
			return err
		}
		if old.Enterprise != g.Enterprise {
			return tollgate.Errorf(tollgate.CodeConflict, "group %q: its enterprise cannot change", g.Name)
		}
		before = old
	}
	_, err := c.tx.Exec(`INSERT INTO account_group (id, enterprise_id, name) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name`, int64(g.ID), int64(g.Enterprise), g.Name)
	if err != nil {
		return engine.Failed(err, "storing group %q", g.Name)
	}
	if err := c.putMembers(g); err != nil {
		return engine.Failed(err, "storing the members of group %q", g.Name)
	}
	return c.log(object("group", g.ID), before, g)
}

func (c *Change) putMembers(g *tollgate.Group) error {
	if _, err := c.tx.Exec("DELETE FROM account_group_member WHERE group_id = $1", int64(g.ID)); err != nil {
		return err
	}
	into := engine.Table{Name: "account_group_member", Columns: []string{"group_id", "account_id"}}
	return c.tx.Insert(into, len(g.Members), func(i int, w engine.RowWriter) {
		w.ID(g.ID)
		w.ID(g.Members[i])
	})
}

func (c *Change) group(id tollgate.ID) (tollgate.Group, error) {
	ctx, q := c.tx.Read()
	groups, err := groupsOf(ctx, q, Everything, id)
	if err == nil && len(groups) == 0 {
		err = tollgate.Errorf(tollgate.CodeNotFound, "group %d does not exist", id)
	}
	if err != nil {
		return tollgate.Group{}, engine.Failed(err, "group %d", id)
	}
	return groups[0], nil
}

// DeleteGroup removes a group and the permits that it has.
func (c *Change) DeleteGroup(id tollgate.ID) error {
	g, err := c.group(id)
	if err != nil {
		return err
	}
	for _, text := range []string{
		"DELETE FROM permit WHERE group_id = $1",
		"DELETE FROM account_group_member WHERE group_id = $1",
		"DELETE FROM account_group WHERE id = $1",
	} {
		if _, err := c.tx.Exec(text, int64(id)); err != nil {
			return engine.Failed(err, "deleting group %q", g.Name)
		}
	}
	return c.log(object("group", id), g, nil)
}

// PutPermit gives a permission over a device to an account or a group that it
// serves. One that is given already stays.
func (c *Change) PutPermit(p tollgate.Permit) error {
	if p.Permission != tollgate.PermissionPrivateCall || (p.Account == 0) == (p.Group == 0) {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"permit: want the permission %s, and either an account or a group", tollgate.PermissionPrivateCall)
	}
	d, err := c.device(p.Device)
	if err != nil {
		return err
	}
	if err := c.requireAccount(p.Account, d.Enterprise); err != nil {
		return err
	}
	if p.Group != 0 {
		g, err := c.group(p.Group)
		if err != nil {
			return err
		}
		if d.Enterprise != 0 && g.Enterprise != d.Enterprise {
			return tollgate.Errorf(tollgate.CodeInvalid, "group %d does not exist here", p.Group)
		}
	}
	touched, err := c.tx.Exec(`INSERT INTO permit (device_id, permission, account_id, group_id)
		VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		int64(p.Device), p.Permission, int64(p.Account), int64(p.Group))
	if err != nil || touched == 0 {
		return engine.Failed(err, "storing a permit")
	}
	return c.log(permitObject(p), nil, p)
}

// DeletePermit takes a permission away.
func (c *Change) DeletePermit(p tollgate.Permit) error {
	touched, err := c.tx.Exec(`DELETE FROM permit
		WHERE device_id = $1 AND permission = $2 AND account_id = $3 AND group_id = $4`,
		int64(p.Device), p.Permission, int64(p.Account), int64(p.Group))
	if err := one(touched, err, "the permit"); err != nil {
		return err
	}
	return c.log(permitObject(p), p, nil)
}

func permitObject(p tollgate.Permit) string {
	return object("device", p.Device) + " permit " + p.Permission
}

const permitsText = `SELECT permission, device_id, account_id, group_id FROM permit p
	WHERE (EXISTS (SELECT 1 FROM account a WHERE a.id = p.account_id AND a.enterprise_id = $1)
		OR EXISTS (SELECT 1 FROM account_group g WHERE g.id = p.group_id AND g.enterprise_id = $1)
		OR $1 = 0)
	ORDER BY device_id, permission, account_id, group_id`

func permitsOf(ctx context.Context, q engine.Querier, s Scope) ([]tollgate.Permit, error) {
	return engine.List(ctx, q, func(row engine.Scanner, p *tollgate.Permit) error {
		return row.Scan(&p.Permission, &p.Device, &p.Account, &p.Group)
	}, permitsText, int64(s))
}

// Permits lists the permits of accounts and groups in the scope.
func (db *DB) Permits(ctx context.Context, s Scope) ([]tollgate.Permit, error) {
	permits, err := permitsOf(ctx, db.sql.Read(), s)
	return permits, engine.Failed(err, "reading permits")
}

// groupsOf reads one group, or (0) all, each row a member: account 0 for none.
func groupsOf(ctx context.Context, q engine.Querier, s Scope, id tollgate.ID) ([]tollgate.Group, error) {
	var groups []tollgate.Group
	_, err := engine.List(ctx, q, func(row engine.Scanner, _ *struct{}) error {
		var g tollgate.Group
		var member tollgate.ID
		if err := row.Scan(&g.Enterprise, &g.ID, &g.Name, &member); err != nil {
			return fmt.Errorf("group: %w", err)
		}
		if n := len(groups); n == 0 || groups[n-1].ID != g.ID {
			g.Members = []tollgate.ID{}
			groups = append(groups, g)
		}
		if last := &groups[len(groups)-1]; member != 0 {
			last.Members = append(last.Members, member)
		}
		return nil
	}, `SELECT g.enterprise_id, g.id, g.name, COALESCE(m.account_id, 0)
		FROM account_group g LEFT JOIN account_group_member m ON m.group_id = g.id
		WHERE (g.enterprise_id = $1 OR $1 = 0) AND (g.id = $2 OR $2 = 0)
		ORDER BY g.enterprise_id, g.name, m.account_id`, int64(s), int64(id))
	return groups, err
}

// Groups lists the groups of the scope by enterprise and name, with their members.
func (db *DB) Groups(ctx context.Context, s Scope) ([]tollgate.Group, error) {
	groups, err := groupsOf(ctx, db.sql.Read(), s, 0)
	return groups, engine.Failed(err, "reading groups")
}
