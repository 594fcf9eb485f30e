// Package store keeps everything Tollgate must not forget: calls, transfers,
// accounts, configuration and logs. It is the only room that sees SQL. One SQL
// text serves SQLite and PostgreSQL; only bulk writing and a few table suffixes
// differ. It knows rows and transactions and decides nothing about money: what
// is posted is decided by the rooms above and guarded here by constraints.
//
// In tables instants are UTC microseconds (0: none), money is millionths,
// references are ids (0: none) and structured text is JSON. See DESIGN.md.
package store
