package store_test

import (
	"fmt"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

func TestDeckSpeed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		deck := tollgate.Deck{Tariff: o.tariff.ID}
		for i := range 100_000 {
			deck.Rates = append(deck.Rates, tollgate.Rate{Prefix: fmt.Sprint(100000 + i), Name: "Somewhere", Price: "0.0123", ConnectFee: "0"})
		}
		t0 := time.Now()
		change(t, db, func(c *store.Change) error { return c.PutDeck(&deck) })
		t1 := time.Now()
		decks, err := db.Decks(t.Context(), o.tariff.ID)
		if err != nil || len(decks) != 1 || len(decks[0].Rates) != 100000 {
			t.Fatal(err)
		}
		t.Log("put", t1.Sub(t0), "read", time.Since(t1))
	})
}
