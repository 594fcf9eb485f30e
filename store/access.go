package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// User is a person who may come in, as stored. What a role may do and how a
// password is hashed is for the rooms above.
type User struct {
	ID           tollgate.ID `json:"id"`
	Name         string      `json:"name"` // unique
	Role         string      `json:"role"`
	Enterprise   tollgate.ID `json:"enterprise"` // 0: all
	PasswordHash string      `json:"-"`
	Disabled     bool        `json:"disabled"`
	Created      time.Time   `json:"created"`
}

const userColumns = "id, name, role, enterprise_id, password_hash, disabled, created_at"

func scanUser(row engine.Scanner, u *User) error {
	var created int64
	err := row.Scan(&u.ID, &u.Name, &u.Role, &u.Enterprise, &u.PasswordHash, &u.Disabled, &created)
	u.Created = engine.Instant(created)
	return err
}

// PutUser stores a person. An empty PasswordHash keeps the one stored.
func (c *Change) PutUser(u *User) error {
	if err := c.requireEnterprise(u.Enterprise); err != nil {
		return err
	}
	if u.ID == 0 {
		c.give(&u.ID)
		u.Created = c.db.now().UTC().Truncate(time.Microsecond)
		if _, err := c.tx.Exec("INSERT INTO administrator ("+userColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, int64(u.ID), u.Name, u.Role, int64(u.Enterprise),
			u.PasswordHash, u.Disabled, engine.Micros(u.Created)); err != nil {
			return engine.Failed(err, "storing user %q", u.Name)
		}
		return c.log(object("user", u.ID), nil, u)
	}
	before, err := c.user(u.ID)
	if err != nil {
		return err
	}
	touched, err := c.tx.Exec(`UPDATE administrator SET name = $2, role = $3, enterprise_id = $4,
		disabled = $5, password_hash = CASE WHEN $6 = '' THEN password_hash ELSE $6 END
		WHERE id = $1`, int64(u.ID), u.Name, u.Role, int64(u.Enterprise), u.Disabled, u.PasswordHash)
	if err := one(touched, err, fmt.Sprintf("user %q", u.Name)); err != nil {
		return err
	}
	return c.log(object("user", u.ID), before, u)
}

func (c *Change) user(id tollgate.ID) (User, error) {
	var u User
	row := c.tx.Row("SELECT "+userColumns+" FROM administrator WHERE id = $1", int64(id))
	return u, engine.Failed(scanUser(row, &u), "user %d", id)
}

// DeleteUser removes a person; the logs keep the name.
func (c *Change) DeleteUser(id tollgate.ID) error {
	u, err := c.user(id)
	if err != nil {
		return err
	}
	touched, err := c.tx.Exec("DELETE FROM administrator WHERE id = $1", int64(id))
	if err := one(touched, err, fmt.Sprintf("user %q", u.Name)); err != nil {
		return err
	}
	return c.log(object("user", id), u, nil)
}

// CountUsers returns how many people are stored, within the change: the first
// administrator is made only while there is none.
func (c *Change) CountUsers() (int, error) {
	var n int
	err := c.tx.QueryRow("SELECT COUNT(*) FROM administrator", nil, &n)
	return n, engine.Failed(err, "counting users")
}

// Users lists the people of the scope by name.
func (db *DB) Users(ctx context.Context, s Scope) ([]User, error) {
	users, err := engine.List(ctx, db.sql.Read(), scanUser, "SELECT "+userColumns+` FROM administrator
		WHERE (enterprise_id = $1 OR $1 = 0) ORDER BY name`, int64(s))
	return users, engine.Failed(err, "reading users")
}

// UserByName returns the person of that name; CodeNotFound when there is none.
func (db *DB) UserByName(ctx context.Context, name string) (User, error) {
	var u User
	err := scanUser(db.sql.Read().QueryRowContext(ctx, "SELECT "+userColumns+
		" FROM administrator WHERE name = $1", name), &u)
	return u, engine.Failed(err, "user %q", name)
}

// Session returns what is kept under a session's hash; CodeNotFound when there
// is none or it has expired.
func (db *DB) Session(ctx context.Context, hash string) ([]byte, error) {
	var content string
	err := db.sql.Read().QueryRowContext(ctx, `SELECT content FROM session
		WHERE token_hash = $1 AND expires_at > $2`, hash, engine.Micros(db.now())).Scan(&content)
	if err != nil {
		return nil, engine.Failed(err, "session")
	}
	return base64.StdEncoding.DecodeString(content)
}

// PutSession keeps content under a session's hash until it expires, and
// forgets sessions that have.
func (db *DB) PutSession(ctx context.Context, hash string, content []byte, expires time.Time) error {
	err := db.inTx(ctx, func(t *engine.Tx) error {
		if _, err := t.Exec("DELETE FROM session WHERE expires_at <= $1", engine.Micros(db.now())); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO session (token_hash, content, expires_at) VALUES ($1, $2, $3)
			ON CONFLICT (token_hash)
			DO UPDATE SET content = excluded.content, expires_at = excluded.expires_at`,
			hash, base64.StdEncoding.EncodeToString(content), engine.Micros(expires))
		return err
	})
	return engine.Failed(err, "storing a session")
}

// DeleteSession forgets a session; one that does not exist is no error.
func (db *DB) DeleteSession(ctx context.Context, hash string) error {
	return engine.Failed(db.inTx(ctx, func(t *engine.Tx) error {
		_, err := t.Exec("DELETE FROM session WHERE token_hash = $1", hash)
		return err
	}), "deleting a session")
}

// Token is a program's key, as stored: the key itself is kept only as a hash.
type Token struct {
	ID         tollgate.ID `json:"id"`
	Name       string      `json:"name"` // unique
	Hash       string      `json:"-"`
	Role       string      `json:"role"`
	Enterprise tollgate.ID `json:"enterprise"` // 0: all
	Created    time.Time   `json:"created"`
	Expires    time.Time   `json:"expires"` // zero: never
	Used       time.Time   `json:"used"`    // zero: never; to the minute
	Prefix     string      `json:"prefix"`  // how it begins, to tell it from others
	Origin     tollgate.ID `json:"origin"`  // the token that was renewed, and with which it is revoked; 0: none
}

const tokenColumns = `id, name, token_hash, role, enterprise_id, created_at, expires_at, used_at, prefix,
	origin_id`

func scanToken(row engine.Scanner, t *Token) error {
	var created, expires, used int64
	err := row.Scan(&t.ID, &t.Name, &t.Hash, &t.Role, &t.Enterprise, &created, &expires, &used,
		&t.Prefix, &t.Origin)
	t.Created, t.Expires, t.Used = engine.Instant(created), engine.Instant(expires), engine.Instant(used)
	return err
}

// PutToken stores a new token. A token never changes: delete it and make another.
func (c *Change) PutToken(t *Token) error {
	if err := c.requireEnterprise(t.Enterprise); err != nil {
		return err
	}
	c.give(&t.ID)
	t.Created = c.db.now().UTC().Truncate(time.Microsecond)
	if _, err := c.tx.Exec("INSERT INTO api_token ("+tokenColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)`, int64(t.ID), t.Name, t.Hash, t.Role,
		int64(t.Enterprise), engine.Micros(t.Created), engine.Micros(t.Expires), t.Prefix,
		int64(t.Origin)); err != nil {
		return engine.Failed(err, "storing token %q", t.Name)
	}
	return c.log(object("token", t.ID), nil, t)
}

// renewedTokensMax is how many tokens stay that came from one by renewal.
const renewedTokensMax = 16

// RenewToken stores a token that takes the place of another; both come in. Of
// those that were renewed before it, the oldest are removed when they become
// many. CodeUnauthenticated when the other was revoked meanwhile.
func (c *Change) RenewToken(from Token, t *Token) error {
	found, err := c.tx.Exists("SELECT EXISTS(SELECT 1 FROM api_token WHERE id = $1)", int64(from.ID))
	if err != nil {
		return engine.Failed(err, "looking for token %q", from.Name)
	}
	if !found {
		return tollgate.Errorf(tollgate.CodeUnauthenticated, "the token was revoked")
	}
	t.Origin = cmp.Or(from.Origin, from.ID)
	if err := c.PutToken(t); err != nil {
		return err
	}
	_, err = c.tx.Exec(`DELETE FROM api_token WHERE origin_id = $1 AND id <> $2 AND id NOT IN
		(SELECT id FROM api_token WHERE origin_id = $1 ORDER BY id DESC LIMIT $3)`,
		int64(t.Origin), int64(from.ID), renewedTokensMax)
	return engine.Failed(err, "removing old renewals of token %q", from.Name)
}

// DeleteToken removes a token and what was renewed from it: whoever holds one is out.
func (c *Change) DeleteToken(id tollgate.ID) error {
	var t Token
	row := c.tx.Row("SELECT "+tokenColumns+" FROM api_token WHERE id = $1", int64(id))
	if err := scanToken(row, &t); err != nil {
		return engine.Failed(err, "token %d", id)
	}
	if _, err := c.tx.Exec("DELETE FROM api_token WHERE id = $1 OR origin_id = $1", int64(id)); err != nil {
		return engine.Failed(err, "deleting token %q", t.Name)
	}
	return c.log(object("token", id), t, nil)
}

// Tokens lists the tokens of the scope by name.
func (db *DB) Tokens(ctx context.Context, s Scope) ([]Token, error) {
	tokens, err := engine.List(ctx, db.sql.Read(), scanToken, "SELECT "+tokenColumns+` FROM api_token
		WHERE (enterprise_id = $1 OR $1 = 0) ORDER BY name`, int64(s))
	return tokens, engine.Failed(err, "reading tokens")
}

// TokenByHash returns a token that has not expired; CodeNotFound when there is none.
func (db *DB) TokenByHash(ctx context.Context, hash string) (Token, error) {
	var t Token
	err := scanToken(db.sql.Read().QueryRowContext(ctx, "SELECT "+tokenColumns+` FROM api_token
		WHERE token_hash = $1 AND (expires_at = 0 OR expires_at > $2)`, hash, engine.Micros(db.now())), &t)
	return t, engine.Failed(err, "token")
}

// TouchToken notes that a token was used now. It writes at most once a minute.
func (db *DB) TouchToken(ctx context.Context, t Token) error {
	now := db.now()
	if now.Sub(t.Used) < time.Minute {
		return nil
	}
	return engine.Failed(db.inTx(ctx, func(tx *engine.Tx) error {
		_, err := tx.Exec("UPDATE api_token SET used_at = $2 WHERE id = $1", int64(t.ID), engine.Micros(now))
		return err
	}), "noting the use of token %q", t.Name)
}
