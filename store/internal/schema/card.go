package schema

// Card is calling cards: what a card has beyond its account, and the
// batches they were issued in. A card without pin_hash was never handed out;
// a batch with issued_at = 0 waits to be finished.
const Card = `
CREATE TABLE card_batch (
	enterprise_id BIGINT NOT NULL,
	id BIGINT NOT NULL,
	name {text} CHECK (name <> ''),
	count BIGINT NOT NULL CHECK (count > 0),
	amount BIGINT NOT NULL CHECK (amount > 0),
	currency TEXT NOT NULL,
	tariff_id BIGINT NOT NULL,
	author TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	issued_at BIGINT NOT NULL,
	PRIMARY KEY (enterprise_id, id)
) {clustered};
CREATE UNIQUE INDEX card_batch_id ON card_batch (id);
CREATE UNIQUE INDEX card_batch_name ON card_batch (enterprise_id, name);

CREATE TABLE card (
	enterprise_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	batch_id BIGINT NOT NULL,
	number {text} CHECK (number <> ''),
	pin_hash TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	valid_days BIGINT NOT NULL CHECK (valid_days >= 0),
	first_used_at BIGINT NOT NULL,
	failures BIGINT NOT NULL CHECK (failures >= 0),
	locked_until BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (enterprise_id, account_id)
) {clustered};
CREATE UNIQUE INDEX card_account ON card (account_id);
CREATE UNIQUE INDEX card_number ON card (number);
CREATE INDEX card_in_batch ON card (batch_id, account_id);
`
