package store_test

import (
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestPermitsAndGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, other := furnish(t, db, "acme"), furnish(t, db, "umbra")
		group := tollgate.Group{
			Enterprise: o.enterprise.ID, Name: "sales",
			Members: []tollgate.ID{o.user.ID, o.enterprise.ID, o.user.ID},
		}
		own := tollgate.Permit{
			Permission: tollgate.PermissionPrivateCall, Device: o.device.ID, Account: o.user.ID,
		}
		shared := tollgate.Device{Name: "shared", Kind: tollgate.DevicePush, Timezone: "UTC"}
		change(t, db, func(c *store.Change) error {
			if err := c.PutGroup(&group); err != nil {
				return err
			}
			return c.PutDevice(&shared, "")
		})
		toAll := tollgate.Permit{
			Permission: tollgate.PermissionPrivateCall, Device: shared.ID, Group: group.ID,
		}
		for range 2 { // given again it stays
			change(t, db, func(c *store.Change) error {
				if err := c.PutPermit(own); err != nil {
					return err
				}
				return c.PutPermit(toAll)
			})
		}
		from, err := db.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(group.Members) != 2 {
			t.Errorf("members %v, want each once", group.Members)
		}
		if d := cmp.Diff([]tollgate.Group{group}, from.Groups); d != "" {
			t.Error("groups:", d)
		}
		if d := cmp.Diff([]tollgate.Permit{own, toAll}, from.Permits); d != "" {
			t.Error("permits:", d)
		}
		for name, refused := range map[string]struct {
			code tollgate.ErrorCode
			do   func(*store.Change) error
		}{
			"another's account": {tollgate.CodeInvalid, func(c *store.Change) error {
				p := own
				p.Account = other.user.ID
				return c.PutPermit(p)
			}},
			"another's group": {tollgate.CodeInvalid, func(c *store.Change) error {
				p := toAll
				p.Device = other.device.ID
				return c.PutPermit(p)
			}},
			"both": {tollgate.CodeInvalid, func(c *store.Change) error {
				p := own
				p.Group = group.ID
				return c.PutPermit(p)
			}},
			"no such permission": {tollgate.CodeInvalid, func(c *store.Change) error {
				p := own
				p.Permission = "fly"
				return c.PutPermit(p)
			}},
			"another's member": {tollgate.CodeInvalid, func(c *store.Change) error {
				g := group
				g.Members = []tollgate.ID{other.user.ID}
				return c.PutGroup(&g)
			}},
			"another enterprise": {tollgate.CodeConflict, func(c *store.Change) error {
				g := group
				g.Enterprise, g.Members = other.enterprise.ID, nil
				return c.PutGroup(&g)
			}},
			"the name is taken": {tollgate.CodeConflict, func(c *store.Change) error {
				return c.PutGroup(&tollgate.Group{Enterprise: o.enterprise.ID, Name: "sales"})
			}},
			"no such permit": {tollgate.CodeNotFound, func(c *store.Change) error {
				p := own
				p.Device = other.device.ID
				return c.DeletePermit(p)
			}},
		} {
			if err := db.Change(t.Context(), store.Actor{}, "try", refused.do); tollgate.CodeOf(err) != refused.code {
				t.Errorf("%s: %v, want %s", name, err, refused.code)
			}
		}
		change(t, db, func(c *store.Change) error { return c.DeleteDevice(o.device.ID) })
		change(t, db, func(c *store.Change) error { return c.DeleteGroup(group.ID) })
		if from, err = db.Directory(t.Context()); err != nil || len(from.Permits)+len(from.Groups) != 0 {
			t.Errorf("left after all is deleted: %v %v %v", from.Permits, from.Groups, err)
		}
	})
}
