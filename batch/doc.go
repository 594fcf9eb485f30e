// Package batch brings files into Tollgate and out of it: CSV sheets of rates,
// attribution, accounts, extensions and call records, and tariff.toml.
//
// Every import follows one rule: each line that cannot be taken is named with
// its number, column, value and reason, and the caller decides whether the
// good lines go on (call records) or nothing is taken at all (rates).
package batch
