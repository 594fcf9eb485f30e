// Package schema is the tables as SQL, one text for both engines but for the
// tokens of package store. Why rows look as they do is said in store/DESIGN.md.
// Nothing here may be edited once released: add a step instead.
package schema

// Nodes is the numbers of processes that make ids.
const Nodes = `
CREATE TABLE node (
	number BIGINT PRIMARY KEY,
	holder TEXT NOT NULL,
	until BIGINT NOT NULL
);
INSERT INTO node (number, holder, until)
	WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 255)
	SELECT n, '', 0 FROM numbers;
`

// Configuration is who pays, who reports calls, and what calls cost.
const Configuration = `
CREATE TABLE config (
	id BIGINT PRIMARY KEY CHECK (id = 1),
	version BIGINT NOT NULL
);
INSERT INTO config (id, version) VALUES (1, 1);

CREATE TABLE account (
	enterprise_id BIGINT NOT NULL,
	id BIGINT NOT NULL,
	parent_id BIGINT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('enterprise', 'user', 'gateway', 'card', 'house')),
	mode TEXT NOT NULL CHECK (mode IN ('prepaid', 'postpaid', 'quota', 'parent')),
	name {text},
	code {text},
	currency TEXT NOT NULL,
	tariff_id BIGINT NOT NULL,
	timezone TEXT NOT NULL,
	balance BIGINT NOT NULL,
	reserved BIGINT NOT NULL CHECK (reserved >= 0),
	credit_limit BIGINT NOT NULL CHECK (credit_limit >= 0),
	allowance BIGINT NOT NULL CHECK (allowance >= 0),
	used BIGINT NOT NULL CHECK (used >= 0),
	reset_period TEXT NOT NULL CHECK (reset_period IN ('never', 'hour', 'day', 'week', 'month')),
	frozen BOOLEAN NOT NULL,
	overdraft TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (enterprise_id, id),
	CHECK (mode <> 'prepaid' OR overdraft <> '' OR balance - reserved >= -credit_limit),
	CHECK ((kind = 'enterprise') = (enterprise_id = id))
) {clustered};
CREATE UNIQUE INDEX account_id ON account (id);
CREATE UNIQUE INDEX account_code ON account (enterprise_id, code) WHERE code <> '';
CREATE UNIQUE INDEX account_house ON account (enterprise_id, currency, name) WHERE kind = 'house';
CREATE INDEX account_name ON account (enterprise_id, name, id);

CREATE TABLE device (
	id BIGINT PRIMARY KEY,
	enterprise_id BIGINT NOT NULL,
	name {text} CHECK (name <> ''),
	account {text},
	password_hash TEXT NOT NULL,
	settings TEXT NOT NULL,
	deleted_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX device_name ON device (name) WHERE deleted_at = 0;
CREATE UNIQUE INDEX device_account ON device (account) WHERE account <> '' AND deleted_at = 0;

CREATE TABLE extension (
	device_id BIGINT NOT NULL REFERENCES device (id),
	number {text} CHECK (number <> ''),
	account_id BIGINT NOT NULL,
	name TEXT NOT NULL,
	PRIMARY KEY (device_id, number)
);
CREATE INDEX extension_account ON extension (account_id);

CREATE TABLE operator (
	id BIGINT PRIMARY KEY,
	name {text} CHECK (name <> ''),
	tariff_id BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX operator_name ON operator (name) WHERE deleted_at = 0;

CREATE TABLE trunk (
	device_id BIGINT NOT NULL REFERENCES device (id),
	name {text} CHECK (name <> ''),
	operator_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	PRIMARY KEY (device_id, name)
);

CREATE TABLE tariff (
	id BIGINT PRIMARY KEY,
	enterprise_id BIGINT NOT NULL,
	name {text} CHECK (name <> ''),
	default_customer BOOLEAN NOT NULL,
	revision BIGINT NOT NULL,
	settings TEXT NOT NULL,
	deleted_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX tariff_name ON tariff (enterprise_id, name) WHERE deleted_at = 0;
CREATE UNIQUE INDEX tariff_default ON tariff (enterprise_id) WHERE default_customer AND deleted_at = 0;

CREATE TABLE deck (
	id BIGINT PRIMARY KEY,
	tariff_id BIGINT NOT NULL REFERENCES tariff (id),
	effective_at BIGINT NOT NULL,
	deleted_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX deck_effective ON deck (tariff_id, effective_at) WHERE deleted_at = 0;

CREATE TABLE rate (
	deck_id BIGINT NOT NULL REFERENCES deck (id),
	prefix {text},
	number {text},
	class {text},
	name TEXT NOT NULL,
	price TEXT NOT NULL,
	price_peak TEXT NOT NULL,
	connect_fee TEXT NOT NULL,
	per TEXT NOT NULL,
	first_interval TEXT NOT NULL,
	next_interval TEXT NOT NULL,
	PRIMARY KEY (deck_id, prefix, number, class)
) {clustered};

CREATE TABLE attribution (
	prefix {text} PRIMARY KEY CHECK (prefix <> ''),
	class TEXT NOT NULL,
	country TEXT NOT NULL,
	destination TEXT NOT NULL,
	area_code TEXT NOT NULL
);

CREATE TABLE exchange_rate (
	base TEXT NOT NULL,
	quote TEXT NOT NULL,
	effective_at BIGINT NOT NULL,
	rate TEXT NOT NULL,
	PRIMARY KEY (base, quote, effective_at)
);

CREATE TABLE device_state (
	device_id BIGINT NOT NULL REFERENCES device (id),
	name TEXT NOT NULL,
	content TEXT NOT NULL,
	PRIMARY KEY (device_id, name)
);
`

// Books is calls, transfers, counters, and what could not be understood.
const Books = `
CREATE TABLE cdr_key (
	device_id BIGINT NOT NULL,
	unique_id {text},
	leg BIGINT NOT NULL,
	enterprise_id BIGINT NOT NULL,
	cdr_id BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	PRIMARY KEY (device_id, unique_id, leg)
) {clustered};

CREATE TABLE cdr (
	enterprise_id BIGINT NOT NULL,
	id {id},
	started_at BIGINT NOT NULL,
	device_id BIGINT NOT NULL,
	unique_id TEXT NOT NULL,
	leg BIGINT NOT NULL,
	source TEXT NOT NULL,
	direction TEXT NOT NULL,
	extension TEXT NOT NULL,
	originator TEXT NOT NULL,
	caller TEXT NOT NULL,
	dialed TEXT NOT NULL,
	number {text},
	class TEXT NOT NULL,
	country TEXT NOT NULL,
	destination TEXT NOT NULL,
	private BOOLEAN NOT NULL,
	project TEXT NOT NULL,
	trunk TEXT NOT NULL,
	account_code TEXT NOT NULL,
	answered_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	cause BIGINT NOT NULL,
	payer_id BIGINT NOT NULL,
	paid_by TEXT NOT NULL,
	operator_id BIGINT NOT NULL,
	purse_id BIGINT NOT NULL,
	quota_id BIGINT NOT NULL,
	unposted TEXT NOT NULL,
	status TEXT NOT NULL,
	micro BIGINT NOT NULL CHECK (micro >= 0),
	currency TEXT NOT NULL,
	billed BIGINT NOT NULL CHECK (billed >= 0),
	tariff_id BIGINT NOT NULL,
	deck_id BIGINT NOT NULL,
	rate TEXT NOT NULL,
	detail TEXT NOT NULL,
	cost_status TEXT NOT NULL,
	cost_micro BIGINT NOT NULL CHECK (cost_micro >= 0),
	cost_currency TEXT NOT NULL,
	cost_billed BIGINT NOT NULL CHECK (cost_billed >= 0),
	cost_tariff_id BIGINT NOT NULL,
	cost_deck_id BIGINT NOT NULL,
	cost_rate TEXT NOT NULL,
	cost_detail TEXT NOT NULL,
	exchange TEXT NOT NULL,
	margin BIGINT
	{cdr key}
) {cdr parts};
CREATE INDEX cdr_time ON cdr (started_at{,id});
CREATE INDEX cdr_payer ON cdr (payer_id, started_at{,id});
CREATE INDEX cdr_number ON cdr (number, started_at{,id});
CREATE INDEX cdr_unpriced ON cdr (started_at{,id})
	WHERE (status = 'unpriced' OR cost_status = 'unpriced');
{cdr lookup};

CREATE TABLE transfer (
	enterprise_id BIGINT NOT NULL,
	id {id},
	debit_id BIGINT NOT NULL,
	credit_id BIGINT NOT NULL,
	amount BIGINT NOT NULL CHECK (amount > 0),
	currency TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind IN ('charge', 'recharge', 'correction', 'reversal')),
	cdr_id BIGINT NOT NULL,
	note TEXT NOT NULL,
	author TEXT NOT NULL,
	request TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	CHECK (debit_id <> credit_id),
	CHECK (kind <> 'charge' OR cdr_id <> 0)
	{transfer key}
) {transfer parts};
CREATE INDEX transfer_debit ON transfer (debit_id{,id});
CREATE INDEX transfer_credit ON transfer (credit_id{,id});

CREATE TABLE request_key (
	enterprise_id BIGINT NOT NULL,
	request {text},
	transfer_id BIGINT NOT NULL,
	PRIMARY KEY (enterprise_id, request)
);

CREATE TABLE usage (
	enterprise_id BIGINT NOT NULL,
	day BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	class {text},
	operator_id BIGINT NOT NULL,
	currency {text},
	cost_currency {text},
	calls BIGINT NOT NULL,
	answered BIGINT NOT NULL,
	talked BIGINT NOT NULL,
	billed BIGINT NOT NULL,
	micro BIGINT NOT NULL,
	cost_micro BIGINT NOT NULL,
	PRIMARY KEY (enterprise_id, day, account_id, class, operator_id, currency, cost_currency)
) {clustered};

CREATE TABLE quarantine (
	id BIGINT PRIMARY KEY,
	enterprise_id BIGINT NOT NULL,
	device_id BIGINT NOT NULL,
	fingerprint TEXT NOT NULL UNIQUE,
	reason TEXT NOT NULL,
	record TEXT NOT NULL,
	received_at BIGINT NOT NULL
);
`

// Access is people, programs and what they did.
const Access = `
CREATE TABLE administrator (
	id BIGINT PRIMARY KEY,
	name {text} UNIQUE CHECK (name <> ''),
	role TEXT NOT NULL,
	enterprise_id BIGINT NOT NULL,
	password_hash TEXT NOT NULL,
	disabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE session (
	token_hash TEXT PRIMARY KEY,
	content TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);

CREATE TABLE api_token (
	id BIGINT PRIMARY KEY,
	name {text} UNIQUE CHECK (name <> ''),
	token_hash TEXT NOT NULL UNIQUE,
	role TEXT NOT NULL,
	enterprise_id BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL
);

CREATE TABLE login_log (
	id BIGINT PRIMARY KEY,
	enterprise_id BIGINT NOT NULL,
	name TEXT NOT NULL,
	address TEXT NOT NULL,
	success BOOLEAN NOT NULL,
	reason TEXT NOT NULL
);
CREATE INDEX login_log_enterprise ON login_log (enterprise_id, id);

CREATE TABLE operation_log (
	id BIGINT PRIMARY KEY,
	enterprise_id BIGINT NOT NULL,
	actor TEXT NOT NULL,
	address TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	before TEXT NOT NULL,
	after TEXT NOT NULL
);
CREATE INDEX operation_log_enterprise ON operation_log (enterprise_id, id);
`

// Link is one-time links that set a password, and how a token begins.
const Link = `
CREATE TABLE password_link (
	token_hash TEXT PRIMARY KEY,
	name {text} UNIQUE,
	expires_at BIGINT NOT NULL
);
ALTER TABLE api_token ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
`
