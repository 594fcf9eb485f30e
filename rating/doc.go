// Package rating makes the price of a call: it compiles a tariff with its
// dated decks into a structure that never changes, prices calls with it, and
// explains a price to the person who pays it. It is pure: no clock, no files,
// no network. DESIGN.md says how, testdata/*.rate says what, in examples.
//
// Prices are decimals as written in the deck. A deck brings them to one common
// power of ten, sums seconds times price in 128 bits, and rounds once, at the
// end; nothing in between is ever rounded, so no float is anywhere near.
package rating
