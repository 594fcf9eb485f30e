package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh" help:"bash or zsh."`
}

// Help says where the script goes.
func (completionCommand) Help() string {
	return "The package installs both. Elsewhere: source <(tollgate completion bash)"
}

// Run prints a script that knows every command and flag.
func (c *completionCommand) Run(p *program, ctx *kong.Context) error {
	script := bashCompletion
	word := func(name, _ string) string { return name }
	if c.Shell == "zsh" {
		script = zshCompletion
		word = func(name, help string) string { return shellQuote(name + ":" + strings.ReplaceAll(help, ":", `\:`)) }
	}
	var paths []string
	var words strings.Builder
	var visit func(node *kong.Node, path string)
	visit = func(node *kong.Node, path string) {
		var found []string
		for _, child := range node.Children {
			if !child.Hidden {
				found = append(found, word(child.Name, child.Help))
			}
		}
		for _, flag := range node.Flags {
			if !flag.Hidden {
				found = append(found, word("--"+flag.Name, flag.Help))
			}
		}
		fmt.Fprintf(&words, "\t%q) offered=(%s) ;;\n", path, strings.Join(found, " "))
		for _, child := range node.Children {
			if !child.Hidden {
				paths = append(paths, fmt.Sprintf("%q", path+" "+child.Name))
				visit(child, path+" "+child.Name)
			}
		}
	}
	visit(ctx.Model.Node, "")
	_, err := io.WriteString(p.stdout, strings.NewReplacer(
		"@PATHS@", strings.Join(paths, "|"), "@WORDS@\n", words.String(),
	).Replace(script))
	return err
}

// shellQuote writes text as one word of a shell.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// The scripts walk the words typed so far to the command they name; where
// nothing of ours fits, the shell offers files.
const (
	bashCompletion = `# bash completion for tollgate, made by: tollgate completion bash
_tollgate() {
	local at="" word offered
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case "$at $word" in
		@PATHS@) at="$at $word" ;;
		esac
	done
	case "$at" in
@WORDS@
	esac
	mapfile -t COMPREPLY < <(compgen -W "${offered[*]}" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _tollgate tollgate
`
	zshCompletion = `#compdef tollgate
# made by: tollgate completion zsh
_tollgate() {
	local at="" word
	local -a typed offered
	typed=("${(@)words[2,CURRENT-1]}")
	for word in $typed; do
		case "$at $word" in
		@PATHS@) at="$at $word" ;;
		esac
	done
	case "$at" in
@WORDS@
	esac
	_describe tollgate offered || _files
}
_tollgate "$@"
`
)
