package live

import (
	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// Wanted is what somebody wants to know who only looks.
type Wanted struct {
	Calls        []tollgate.CallID   // as Holders is asked
	Reservations []tollgate.ID       // as Seen is
	Accounts     []tollgate.ID       // as Peek is
	Fresh        []store.Reservation // as Taken is
}

// Known is what Holders, Seen, Peek and Taken say of what is Wanted.
type Known struct {
	Holders []tollgate.ID
	Seen    []store.Reservation
	Rooms   []Room
	Posted  int64
	Taken   []tollgate.ID
}

// Know is Holders, Seen, Peek and Taken in one trip to the server. It is
// PostgreSQL's: on SQLite there is no trip.
func (p Rows) Know(w Wanted) (Known, error) {
	k := Known{Holders: make([]tollgate.ID, len(w.Calls))}
	var asked []engine.Question
	if len(w.Calls) > 0 {
		asked = append(asked, store.WhoHolds(w.Calls, k.Holders))
	}
	if len(w.Reservations) > 0 {
		asked = append(asked, question(heldSeen, scanHeld, &k.Seen, numbers(w.Reservations)))
	}
	if len(w.Accounts) > 0 {
		asked = append(asked, question(peekPostgres, scanPeek(&k.Posted), &k.Rooms, numbers(w.Accounts)))
	}
	if len(w.Fresh) > 0 {
		asked = append(asked, whoTook(w.Fresh, &k.Taken))
	}
	if len(asked) == 0 {
		return k, nil
	}
	return k, engine.Failed(p.tx.Ask(asked...), "looking ahead for %d calls and %d reservations",
		len(w.Calls), len(w.Reservations)+len(w.Fresh))
}

// question is one whose answer is a list.
func question[T any](text string, scan func(engine.Scanner, *T) error, list *[]T, args ...any) engine.Question {
	return engine.Question{Text: text, Args: args, Row: func(row engine.Scanner) error {
		var v T
		if err := scan(row, &v); err != nil {
			return err
		}
		*list = append(*list, v)
		return nil
	}}
}

// numbers is ids as PostgreSQL takes them.
func numbers(ids []tollgate.ID) []int64 {
	return columnOf(ids, func(id *tollgate.ID) int64 { return int64(*id) })
}
