package schema

// Outbox is what UCware's billing service has beside calls: the outbox
// for the accounting, who may mark calls as private, and tokens that renew themselves.
//
// The first six columns of services_billing are UCware's, name for name and in
// its order, for whoever reads the table with SQL. An id is never given twice,
// also when every row was deleted: marking an old id must not mark a new call.
const Outbox = `
CREATE TABLE services_billing (
	uniqueid {text} CHECK (uniqueid <> ''),
	extension TEXT NOT NULL,
	originator TEXT NOT NULL,
	"dialedNumber" TEXT NOT NULL,
	timestamp BIGINT NOT NULL,
	duration BIGINT NOT NULL CHECK (duration >= 0),
	id {serial},
	private BOOLEAN NOT NULL,
	enterprise_id BIGINT NOT NULL,
	device_id BIGINT NOT NULL,
	account_id BIGINT NOT NULL,
	cdr_id BIGINT NOT NULL,
	retrieved_at BIGINT NOT NULL
);
CREATE INDEX services_billing_retrieved ON services_billing (retrieved_at{,id});
CREATE INDEX services_billing_enterprise ON services_billing (enterprise_id, retrieved_at{,id});
CREATE INDEX services_billing_uniqueid ON services_billing (uniqueid);

CREATE TABLE account_group (
	id BIGINT PRIMARY KEY,
	enterprise_id BIGINT NOT NULL,
	name {text} CHECK (name <> ''),
	UNIQUE (enterprise_id, name)
);

CREATE TABLE account_group_member (
	group_id BIGINT NOT NULL REFERENCES account_group (id),
	account_id BIGINT NOT NULL,
	PRIMARY KEY (group_id, account_id)
) {clustered};
CREATE INDEX account_group_member_account ON account_group_member (account_id);

CREATE TABLE permit (
	device_id BIGINT NOT NULL REFERENCES device (id),
	permission {text} CHECK (permission <> ''),
	account_id BIGINT NOT NULL,
	group_id BIGINT NOT NULL,
	PRIMARY KEY (device_id, permission, account_id, group_id),
	CHECK ((account_id = 0) <> (group_id = 0))
) {clustered};
CREATE INDEX permit_account ON permit (account_id);
CREATE INDEX permit_group ON permit (group_id);

ALTER TABLE api_token ADD COLUMN origin_id BIGINT NOT NULL DEFAULT 0;
`
