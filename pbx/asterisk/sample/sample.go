// Package sample holds the configuration files that an Asterisk needs to be
// followed and controlled, as they are copied to it.
package sample

import "embed"

// Files are the samples, by their names.
//
//go:embed *.conf
var Files embed.FS
