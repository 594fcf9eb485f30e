package schema

// Live is what calls in progress need: terms of accounts that only matter then,
// the money held for a call, what changed a quota's used beside calls, and
// alerts. A reservation is found by its id alone, because who settles its call
// may have found another enterprise; accounts are ids with a space between.
const Live = `
ALTER TABLE account ADD COLUMN bills TEXT NOT NULL DEFAULT 'all';
ALTER TABLE account ADD COLUMN business TEXT NOT NULL DEFAULT 'own';
ALTER TABLE account ADD COLUMN low_credit BIGINT NOT NULL DEFAULT 0 CHECK (low_credit >= 0);
ALTER TABLE account ADD COLUMN week_start BIGINT NOT NULL DEFAULT 1;
ALTER TABLE account ADD COLUMN period_start BIGINT NOT NULL DEFAULT 0;

CREATE TABLE reservation (
	enterprise_id BIGINT NOT NULL,
	id {row},
	device_id BIGINT NOT NULL,
	unique_id {text},
	leg BIGINT NOT NULL,
	accounts TEXT NOT NULL,
	amount BIGINT NOT NULL CHECK (amount >= 0),
	detail TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX reservation_call ON reservation (device_id, unique_id, leg);

CREATE TABLE quota_log (
	enterprise_id BIGINT NOT NULL,
	id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('reset', 'correction')),
	amount BIGINT NOT NULL,
	period_start BIGINT NOT NULL,
	author TEXT NOT NULL,
	note TEXT NOT NULL,
	request {text},
	created_at BIGINT NOT NULL,
	PRIMARY KEY (enterprise_id, id)
);
CREATE INDEX quota_log_account ON quota_log (account_id, id);
CREATE UNIQUE INDEX quota_log_reset ON quota_log (account_id, period_start) WHERE kind = 'reset';
CREATE UNIQUE INDEX quota_log_request ON quota_log (enterprise_id, request) WHERE request <> '';

CREATE TABLE alert (
	enterprise_id BIGINT NOT NULL,
	id {row},
	kind TEXT NOT NULL,
	account_id BIGINT NOT NULL,
	device_id BIGINT NOT NULL,
	unique_id TEXT NOT NULL,
	leg BIGINT NOT NULL,
	text TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX alert_enterprise ON alert (enterprise_id, id);
`
