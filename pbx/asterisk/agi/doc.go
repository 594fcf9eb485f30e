// Package agi lets an Asterisk ask before it dials: a FastAGI server with two
// scripts. The one authorises a call and tells the dialplan what to do with it;
// the other is a calling card service, which asks for card, PIN and number by
// itself and dials.
//
// The dialplan that asks is ../sample/tollgate.conf.
//
// FastAGI is text over TCP: Asterisk connects, says what it knows of the channel
// in lines "agi_name: value" up to an empty one, and then obeys commands, one
// line each, with one answer each. A line HANGUP may come at any time; commands
// to a channel that is gone are answered with 511. The protocol is written down
// in Asterisk's source, res/res_agi.c, and nowhere else.
package agi
