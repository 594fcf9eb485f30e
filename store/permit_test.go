package store_test

import (
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// permits is an office whose group may call privately over a shared device, and
// whose user may over its own.
type permits struct {
	*office
	other       *office
	group       tollgate.Group
	own, shared tollgate.Permit
}

func givePermits(t *testing.T, db *store.DB) *permits {
	t.Helper()
	p := &permits{office: furnish(t, db, "acme"), other: furnish(t, db, "umbra")}
	p.group = tollgate.Group{
		Enterprise: p.enterprise.ID, Name: "sales",
		Members: []tollgate.ID{p.user.ID, p.enterprise.ID, p.user.ID},
	}
	device := tollgate.Device{Name: "shared", Kind: tollgate.DevicePush, Timezone: "UTC"}
	change(t, db, func(c *store.Change) error {
		if err := c.PutGroup(&p.group); err != nil {
			return err
		}
		return c.PutDevice(&device, "")
	})
	p.own = tollgate.Permit{
		Permission: tollgate.PermissionPrivateCall, Device: p.device.ID, Account: p.user.ID,
	}
	p.shared = tollgate.Permit{
		Permission: tollgate.PermissionPrivateCall, Device: device.ID, Group: p.group.ID,
	}
	for range 2 { // given again it stays
		change(t, db, func(c *store.Change) error {
			if err := c.PutPermit(p.own); err != nil {
				return err
			}
			return c.PutPermit(p.shared)
		})
	}
	return p
}

func TestPermitsAndGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := givePermits(t, db)
		from, err := db.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.group.Members) != 2 {
			t.Errorf("members %v, want each once", p.group.Members)
		}
		if d := cmp.Diff([]tollgate.Group{p.group}, from.Groups); d != "" {
			t.Error("groups:", d)
		}
		if d := cmp.Diff([]tollgate.Permit{p.own, p.shared}, from.Permits); d != "" {
			t.Error("permits:", d)
		}
		change(t, db, func(c *store.Change) error { return c.DeleteDevice(p.device.ID) })
		change(t, db, func(c *store.Change) error { return c.DeleteGroup(p.group.ID) })
		if from, err = db.Directory(t.Context()); err != nil || len(from.Permits)+len(from.Groups) != 0 {
			t.Errorf("left after all is deleted: %v %v %v", from.Permits, from.Groups, err)
		}
	})
}

func TestPermitsThatAreRefused(t *testing.T) {
	put := func(p tollgate.Permit, set func(*tollgate.Permit)) func(*store.Change) error {
		set(&p)
		return func(c *store.Change) error { return c.PutPermit(p) }
	}
	putGroup := func(g tollgate.Group) func(*store.Change) error {
		return func(c *store.Change) error { return c.PutGroup(&g) }
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := givePermits(t, db)
		for name, refused := range map[string]struct {
			code tollgate.ErrorCode
			do   func(*store.Change) error
		}{
			"another's account": {tollgate.CodeInvalid, put(p.own, func(q *tollgate.Permit) {
				q.Account = p.other.user.ID
			})},
			"another's group": {tollgate.CodeInvalid, put(p.shared, func(q *tollgate.Permit) {
				q.Device = p.other.device.ID
			})},
			"both":               {tollgate.CodeInvalid, put(p.own, func(q *tollgate.Permit) { q.Group = p.group.ID })},
			"no such permission": {tollgate.CodeInvalid, put(p.own, func(q *tollgate.Permit) { q.Permission = "fly" })},
			"another's member": {tollgate.CodeInvalid, putGroup(tollgate.Group{
				ID: p.group.ID, Enterprise: p.enterprise.ID, Name: "sales", Members: []tollgate.ID{p.other.user.ID},
			})},
			"another enterprise": {tollgate.CodeConflict, putGroup(tollgate.Group{
				ID: p.group.ID, Enterprise: p.other.enterprise.ID, Name: "sales",
			})},
			"the name is taken": {tollgate.CodeConflict, putGroup(tollgate.Group{
				Enterprise: p.enterprise.ID, Name: "sales",
			})},
			"no such permit": {tollgate.CodeNotFound, func(c *store.Change) error {
				q := p.own
				q.Device = p.other.device.ID
				return c.DeletePermit(q)
			}},
			"an account with a permit": {tollgate.CodeConflict, func(c *store.Change) error {
				if err := c.DeleteExtension(p.device.ID, "101"); err != nil {
					return err
				}
				return c.DeleteAccount(p.user.ID)
			}},
		} {
			err := db.Change(t.Context(), store.Actor{}, "try", refused.do)
			if tollgate.CodeOf(err) != refused.code {
				t.Errorf("%s: %v, want %s", name, err, refused.code)
			}
		}
	})
}
