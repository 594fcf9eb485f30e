package charging

import (
	"strconv"
	"strings"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// TestAlertsOfADelivery: a file in which every call deserves an alert raises a few,
// and one for all others.
func TestAlertsOfADelivery(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	var records []tollgate.Record
	for i := range 100 {
		records = append(records, h.record(strconv.Itoa(i), "*7*0301234567", h.device.ID))
	}
	for range 2 { // the second time they are duplicates
		if _, err := h.office.Finish(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
	h.office.KeepAlerts(t.Context())
	found, err := h.db.Alerts(t.Context(), store.Everything, store.Paging{})
	if err != nil || len(found.Items) != alertsAtOnce+1 {
		t.Fatalf("%d alerts (%v)", len(found.Items), err)
	}
	if last := found.Items[0]; !strings.HasPrefix(last.Text, "80 more calls of one delivery") {
		t.Errorf("%+v", last)
	}
}
