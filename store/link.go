package store

import (
	"context"
	"time"

	"tollgate/store/internal/engine"
)

// Link lets whoever holds it set a password once, as stored: its secret is kept
// only as a hash.
type Link struct {
	Hash    string
	Name    string // the person's; empty: somebody becomes the first
	Expires time.Time
}

// PutLink stores a link; an older one for the same person dies.
func (c *Change) PutLink(l Link) error {
	_, err := c.tx.Exec(`INSERT INTO password_link (token_hash, name, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE
		SET token_hash = excluded.token_hash, expires_at = excluded.expires_at`,
		l.Hash, l.Name, engine.Micros(l.Expires))
	if err != nil {
		return engine.Failed(err, "storing a link")
	}
	return c.log("link "+l.Name, nil, map[string]time.Time{"expires": l.Expires})
}

// TakeLink removes a link that has not expired and returns it; CodeNotFound
// when there is none.
func (c *Change) TakeLink(hash string) (Link, error) {
	l := Link{Hash: hash}
	var expires int64
	err := c.tx.QueryRow(`DELETE FROM password_link WHERE token_hash = $1 AND expires_at > $2
		RETURNING name, expires_at`, []any{hash, engine.Micros(c.db.now())}, &l.Name, &expires)
	l.Expires = engine.Instant(expires)
	return l, engine.Failed(err, "link")
}

// Link returns a link that has not expired; CodeNotFound when there is none.
func (db *DB) Link(ctx context.Context, hash string) (Link, error) {
	l := Link{Hash: hash}
	var expires int64
	err := db.sql.Read().QueryRowContext(ctx, `SELECT name, expires_at FROM password_link
		WHERE token_hash = $1 AND expires_at > $2`, hash, engine.Micros(db.now())).Scan(&l.Name, &expires)
	l.Expires = engine.Instant(expires)
	return l, engine.Failed(err, "link")
}
