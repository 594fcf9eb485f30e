package batch

import (
	"context"
	"errors"
	"fmt"

	"tollgate"
	"tollgate/store"
)

// Preview says what an import changes, or would change.
type Preview struct {
	Added   int      `json:"added"`
	Changed int      `json:"changed"`
	Removed int      `json:"removed"`
	Same    int      `json:"same"`
	Lines   []string `json:"lines"` // the first changes, for people
}

// previewLinesMax is how many changes a preview spells out.
const previewLinesMax = 50

func (p *Preview) note(format string, args ...any) {
	if len(p.Lines) < previewLinesMax {
		p.Lines = append(p.Lines, fmt.Sprintf(format, args...))
	}
}

// count tells a row that is put where before was found; changed compares.
func (p *Preview) count(found, changed bool, what string) {
	switch {
	case !found:
		p.Added++
		p.note("+ %s", what)
	case changed:
		p.Changed++
		p.note("~ %s", what)
	default:
		p.Same++
	}
}

// errUndo ends a change that must not stay.
var errUndo = errors.New("undo")

// apply runs a change that puts rows. With dryRun, or when a row is refused,
// all of it is undone; what would have changed is told all the same.
func apply(
	ctx context.Context, db *store.DB, actor store.Actor, action string, dryRun bool,
	put func(*store.Change) (Preview, []Reject, error),
) (preview Preview, rejects []Reject, err error) {
	err = db.Change(ctx, actor, action, func(c *store.Change) error {
		var err error
		preview, rejects, err = put(c)
		if err == nil && (dryRun || len(rejects) > 0) {
			err = errUndo
		}
		return err
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return preview, rejects, err
}

// refused turns the store's refusal of a row into its reject; other failures
// are returned and end the import.
func refused(line int, err error) (*Reject, error) {
	if err == nil {
		return nil, nil
	}
	code := tollgate.CodeOf(err)
	if code == tollgate.CodeInvalid || code == tollgate.CodeNotFound || code == tollgate.CodeConflict {
		return &Reject{Line: line, Reason: err.Error()}, nil
	}
	return nil, err
}

// covers reports whether a scope sees the rows of an enterprise.
func covers(scope store.Scope, enterprise tollgate.ID) bool {
	return scope == store.Everything || scope == store.Scope(enterprise)
}
