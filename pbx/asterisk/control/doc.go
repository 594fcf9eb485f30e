// Package control keeps the calls of one Asterisk within their credit while they
// last: it asks the Charger for talk time, sets the switch's own timer on each leg,
// asks for more in good time, and ends a call whose credit has ended, seeing to it
// that it really does.
//
// machine.go decides about one leg; it knows no clock, no goroutine and no network.
// control.go is told of legs and carries out what the machines want.
package control
