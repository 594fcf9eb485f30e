package progress_test

import (
	"maps"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/progress"
	"tollgate/store/storetest"
)

func TestWhatIsSavedIsLoaded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		devices := [2]tollgate.Device{
			{Name: "hq", Kind: tollgate.DevicePush, Timezone: "UTC"},
			{Name: "branch", Kind: tollgate.DevicePush, Timezone: "UTC"},
		}
		for i := range devices {
			err := db.Change(t.Context(), store.Actor{Name: "test"}, "test", func(c *store.Change) error {
				return c.PutDevice(&devices[i], "")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		hq, branch := progress.Of(db, devices[0].ID), progress.Of(db, devices[1].ID)
		for _, state := range []map[string]string{{"offset": "1", "inode": "7"}, {"offset": "2", "inode": ""}} {
			if err := hq.Save(t.Context(), state); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := hq.Load(t.Context()); err != nil || !maps.Equal(got, map[string]string{"offset": "2"}) {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := branch.Load(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("another device: %v, %v", got, err)
		}
	})
}
