package engine

import (
	"database/sql"
	"errors"
	"fmt"

	"tollgate"
)

// problem is what kind of failure a database reports, the same on both engines.
type problem int

const (
	problemOther     problem = iota
	problemDuplicate         // a unique key exists already
	problemReference         // a foreign key points nowhere, or is still pointed at
	problemCheck             // a value that cannot be stored
	problemTransient         // trying the transaction again may succeed
)

func problemOf(err error) problem {
	if p, ok := sqliteProblem(err); ok {
		return p
	}
	if p, ok := postgresProblem(err); ok {
		return p
	}
	return problemOther
}

// IsDuplicate reports whether a statement failed because a key exists already.
func IsDuplicate(err error) bool { return err != nil && problemOf(err) == problemDuplicate }

func isTransient(err error) bool { return err != nil && problemOf(err) == problemTransient }

// Failed says what a statement was doing when it failed, and turns the
// failures a person can mend into their code. A nil error stays nil.
func Failed(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	doing := fmt.Sprintf(format, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return tollgate.Errorf(tollgate.CodeNotFound, "%s: there is no such row", doing)
	}
	// What the database said is kept for logs and not for people: it names tables.
	switch problemOf(err) {
	case problemDuplicate:
		return &tollgate.Error{Code: tollgate.CodeConflict, Message: doing + ": it exists already", Err: err}
	case problemReference:
		return &tollgate.Error{
			Code: tollgate.CodeConflict, Message: doing + ": what it names is missing, or it is still in use", Err: err,
		}
	case problemCheck:
		return &tollgate.Error{Code: tollgate.CodeInvalid, Message: doing + ": a value is out of range", Err: err}
	case problemOther, problemTransient:
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Found turns "no row" into found = false.
func Found(err error) (found bool, _ error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
