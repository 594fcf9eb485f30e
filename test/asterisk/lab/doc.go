//go:build linux

// Package lab is a telephone exchange for tests: a real Asterisk taken from
// Debian's packages, the carrier behind its trunk, the phones before it, and
// SIPp as callers. Everything runs on loopback as ordinary processes, needs no
// root once the packages are unpacked, and ends with the test.
//
// The carrier is played by the test itself, so that it knows to the microsecond
// what was on the wire: a request's time is the kernel's own stamp of the
// packet, and it is what a bill is held against. (SIP: RFC 3261; REFER and
// Replaces: RFC 3515, RFC 3891; digest: RFC 2617.)
package lab
