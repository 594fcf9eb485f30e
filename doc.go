// Package tollgate holds the words of the product: what a call, a charge, an
// account and a tariff are. Every room speaks these words and none defines
// them again. It imports the standard library only and decides nothing.
//
// Units, everywhere: money is int64 in millionths of a currency unit, instants
// are UTC with microsecond precision, durations are time.Duration, numbers in
// normal form are E.164 digits without the plus sign.
package tollgate
