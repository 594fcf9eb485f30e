// Package numbering is the subject of telephone numbers: how a device writes
// them, their normal form (E.164 digits without the plus sign, ITU-T E.164
// §6), what kind of destination they are and what it is called. It is pure: no
// clock, no file, no network.
package numbering
