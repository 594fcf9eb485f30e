package schema

// Daybook is where commits are kept before they are in the tables, and up to
// which of them the tables have come. On SQLite the daybook is a file beside the
// database; volume is what that file must say of itself.
const Daybook = `
CREATE TABLE daybook_mark (
	id BIGINT PRIMARY KEY CHECK (id = 1),
	volume BIGINT NOT NULL,
	posted BIGINT NOT NULL CHECK (posted >= 0)
);
INSERT INTO daybook_mark (id, volume, posted) VALUES (1, 0, 0);
{daybook};
`
