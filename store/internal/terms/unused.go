package terms

// Named says that something still leads to an account that is to be deleted.
const Named = "an extension, trunk, device, permit or group still names this account"

// Use is a query that finds a row where an account, $1, is in use, and what to
// say then.
type Use struct{ Message, Query string }

// Uses are all that keep an account from being deleted, but for devices that
// have it as their default.
func Uses() []Use {
	const used = "money or calls are booked on this account: freeze it instead"
	const owns = "devices, tariffs or people belong to this enterprise"
	return []Use{
		{"other accounts belong to this account", `SELECT 1 FROM account
			WHERE id <> $1 AND (parent_id = $1 OR enterprise_id = $1)`},
		{used, "SELECT 1 FROM transfer WHERE debit_id = $1"},
		{used, "SELECT 1 FROM transfer WHERE credit_id = $1"},
		{used, "SELECT 1 FROM cdr WHERE payer_id = $1"},
		{used, "SELECT 1 FROM account WHERE id = $1 AND reserved <> 0"},
		{used, "SELECT 1 FROM quota_log WHERE account_id = $1"},
		{Named, "SELECT 1 FROM extension WHERE account_id = $1"},
		{Named, "SELECT 1 FROM trunk WHERE account_id = $1"},
		{Named, "SELECT 1 FROM permit WHERE account_id = $1"},
		{Named, "SELECT 1 FROM account_group_member WHERE account_id = $1"},
		{owns, "SELECT 1 FROM device WHERE enterprise_id = $1 AND deleted_at = 0"},
		{owns, "SELECT 1 FROM tariff WHERE enterprise_id = $1 AND deleted_at = 0"},
		{owns, "SELECT 1 FROM administrator WHERE enterprise_id = $1"},
		{"groups belong to this enterprise", "SELECT 1 FROM account_group WHERE enterprise_id = $1"},
		{owns, "SELECT 1 FROM api_token WHERE enterprise_id = $1"},
	}
}
