package api

import (
	"encoding/json"
	"strings"
	"testing"

	"tollgate/store"
	"tollgate/store/storetest"
)

func TestCards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouseOn(t, db)
		const summer = `{"enterprise":"{alpha}","name":"Summer","count":3,"amount":"5","currency":"EUR",
			"valid_days":30,"pin_digits":4}`
		var issued list[issuedCard]
		asCSV := map[string]string{"Accept": contentCSV}
		h.run([]scenario{
			{
				name: "issue", do: "POST /cards", as: "operator", body: summer, want: 200,
				compare: func(h *house, body string) {
					h.must(json.Unmarshal([]byte(body), &issued))
					if len(issued.Items) != 3 || len(issued.Items[0].Number) != 10 || len(issued.Items[0].PIN) != 4 {
						h.Fatalf("issued %s", body)
					}
					h.id["card"] = issued.Items[0].ID
				},
			},
			{name: "twice", do: "POST /cards", as: "operator", body: summer, want: 409, has: []string{"another name"}},
			{
				name: "as a sheet", do: "POST /cards", as: "operator", body: strings.Replace(summer, "Summer", "Winter", 1),
				header: asCSV, want: 200,
				has: []string{"number,pin,amount,currency,expires,valid_days,account\n", ",5.000000,EUR,,30,"},
			},
			{
				name: "no enterprise", do: "POST /cards", as: "operator", body: strings.Replace(summer, "{alpha}", "1", 1),
				want: 404,
			},
			{name: "too many", do: "POST /cards", as: "operator", body: strings.Replace(summer, `"count":3`, `"count":10001`, 1), want: 422},
			{name: "no money", do: "POST /cards", as: "operator", body: strings.Replace(summer, `"5"`, `"0"`, 1), want: 422},
			{name: "is the house's", do: "POST /cards", as: "alpha admin", body: summer, want: 403},
			{
				name: "all", do: "GET /cards", as: "reader", want: 200,
				has: []string{`"id":"{card}"`, `"batch_name":"Summer"`, `"available":"5.000000"`, "beta cards"}, hasNot: []string{"pin"},
			},
			{name: "own", do: "GET /cards", as: "alpha reader", want: 200, has: []string{"{card}"}, hasNot: []string{"beta"}},
			{
				name: "of a batch", do: "GET /cards?batch={beta cards}", as: "reader",
				want: 200, has: []string{"{beta card}"}, hasNot: []string{"{card}"},
			},
			{name: "batches", do: "GET /card-batches?limit=1", as: "alpha reader", want: 200, has: []string{`"name":"Winter"`, `"next"`}},
			{name: "bad cursor", do: "GET /cards?cursor=x", as: "reader", want: 422},
			{name: "block", do: "POST /accounts/{card}/freeze", as: "alpha operator", want: 200, has: []string{`"kind":"card"`}},
			{name: "another's", do: "POST /cards/{beta card}/unlock", as: "alpha admin", want: 404},
		})
		h.run([]scenario{{
			name: "number", do: "GET /cards?number=" + issued.Items[1].Number, as: "reader", want: 200,
			has: []string{issued.Items[1].ID.String()}, hasNot: []string{"{card}"},
		}})
		for range 3 {
			if _, err := h.gate.OpenCard(t.Context(), issued.Items[1].Number, "0000", h.id["shared"]); err == nil {
				t.Fatal("a wrong PIN opens it")
			}
		}
		h.id["locked"] = issued.Items[1].ID
		h.run([]scenario{
			{name: "locked", do: "GET /cards", as: "alpha reader", want: 200, has: []string{"locked_until"}},
			{
				name: "unlock", do: "POST /cards/{locked}/unlock", as: "alpha operator",
				want: 200, hasNot: []string{"locked_until"},
			},
			{name: "no card", do: "POST /cards/{alpha user}/unlock", as: "operator", want: 404},
		})
		card := issued.Items[1]
		if _, err := h.gate.OpenCard(t.Context(), card.Number, card.PIN, h.id["shared"]); err != nil {
			t.Error(err)
		}
	})
}
