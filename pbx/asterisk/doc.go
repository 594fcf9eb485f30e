// Package asterisk follows an Asterisk PBX and turns what its channels do into
// billable legs: one for each channel that the PBX itself dialled on a trunk.
//
// Legs come from channel events, over the Asterisk Manager Interface (AMI) in
// real time and from the Channel Event Logging (CEL) journal after a gap. They
// never come from Asterisk's own call detail records where there is anything
// better: those show wrong seconds and a wrong payer for most transfers and
// forwards. DESIGN.md beside this file holds the rules and the restart story,
// README.md how to connect a PBX. Asterisk 16 to 22 are proved.
//
// AMI: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
// CEL: https://docs.asterisk.org/Configuration/Reporting/Channel-Event-Logging-CEL/
package asterisk
