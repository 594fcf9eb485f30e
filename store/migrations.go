package store

import (
	"context"
	"fmt"
	"strings"

	"tollgate"
	"tollgate/store/internal/engine"
)

// migration is one step of the schema. Steps are only ever added at the end:
// what has run on somebody's books is never edited.
type migration struct {
	why string
	sql string
}

// migrations lists every step, oldest first; the version of a store is how
// many have run.
func migrations() []migration {
	return []migration{
		{why: "numbers for the processes that make ids", sql: schemaNodes},
		{why: "configuration: who pays, who reports calls, what they cost", sql: schemaConfiguration},
		{why: "the books: calls, transfers, counters, and what could not be understood", sql: schemaBooks},
		{why: "people, programs and what they did", sql: schemaAccess},
		{why: "one-time links that set a password, and how a token begins", sql: schemaLink},
	}
}

// tokens are what the engines write differently in a table. {id} is the key of
// a table that grows with traffic: on SQLite the row id itself, so that rows
// are appended; on PostgreSQL a part of the key named by {key …}.
func (db *DB) tokens() *strings.Replacer {
	if db.Engine() == SQLite {
		return strings.NewReplacer(
			"{id}", "INTEGER PRIMARY KEY", "{text}", "TEXT NOT NULL",
			"{clustered}", "WITHOUT ROWID", "{,id}", "",
			"{cdr key}", "", "{cdr parts}", "", "{transfer key}", "", "{transfer parts}", "",
			"{cdr lookup}", "CREATE INDEX cdr_enterprise ON cdr (enterprise_id, started_at)",
		)
	}
	return strings.NewReplacer(
		"{id}", "BIGINT NOT NULL",
		// Ranges and orders must be those of bytes, whatever the database's own collation.
		"{text}", `TEXT COLLATE "C" NOT NULL`,
		"{clustered}", "", "{,id}", ", id",
		"{cdr key}", ", PRIMARY KEY (enterprise_id, started_at, id)",
		"{cdr parts}", "PARTITION BY RANGE (started_at)",
		"{cdr lookup}", "CREATE INDEX cdr_id ON cdr (id)",
		"{transfer key}", ", PRIMARY KEY (enterprise_id, id)",
		"{transfer parts}", "PARTITION BY RANGE (id)",
	)
}

const createMigrations = `CREATE TABLE IF NOT EXISTS migration (
	version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL, why TEXT NOT NULL)`

// migrate brings the schema up to this version and takes a node number, all in
// one transaction.
func (db *DB) migrate(ctx context.Context) error {
	return db.inTx(ctx, func(t *engine.Tx) error {
		if err := t.LockSchema(); err != nil {
			return fmt.Errorf("waiting to migrate: %w", err)
		}
		if _, err := t.Exec(createMigrations); err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
		var version int
		err := t.QueryRow("SELECT COALESCE(MAX(version), 0) FROM migration", nil, &version)
		if err != nil {
			return fmt.Errorf("reading the schema version: %w", err)
		}
		steps := migrations()
		if version > len(steps) {
			return tollgate.Errorf(tollgate.CodeConflict,
				"the database has schema %d and this program knows %d: run a newer tollgate",
				version, len(steps))
		}
		for i, step := range steps[version:] {
			if err := db.migrateStep(t, version+i+1, step); err != nil {
				return err
			}
		}
		return db.holdNode(t)
	})
}

func (db *DB) migrateStep(t *engine.Tx, version int, step migration) error {
	for text := range strings.SplitSeq(db.tokens().Replace(step.sql), ";\n") {
		if strings.TrimSpace(text) == "" {
			continue
		}
		if _, err := t.Exec(text); err != nil {
			return fmt.Errorf("migration %d (%s): %.80s: %w", version, step.why, text, err)
		}
	}
	_, err := t.Exec("INSERT INTO migration (version, applied_at, why) VALUES ($1, $2, $3)",
		version, engine.Micros(db.now()), step.why)
	if err != nil {
		return fmt.Errorf("migration %d: %w", version, err)
	}
	return nil
}
