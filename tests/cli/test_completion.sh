#!/bin/sh
# SPDX-License-Identifier: MIT
# Completion for bash: options, their values, and the command with its own arguments.

. "${abs_top_srcdir:?}/tests/lib/tap.sh"

if ! command -v bash >/dev/null; then
	unavailable 'completion' 'bash is not installed'
	finish
fi

# complete_line WORD...: what is offered for the last word
complete_line() {
	bash --norc -c '
		. "$abs_top_srcdir/completion/replyfrom"
		_command_offset() { COMPREPLY=("offset $1"); }
		systemctl() { printf "%s\n" "tftpd.service enabled" "named.service disabled"; }
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_replyfrom "$1"
		echo "${COMPREPLY[@]}"' bash "$replyfrom" "$@"
}

same 'options' '--ports --peers' "$(complete_line --p | sed 's/ --probe//')"
same 'kinds of requests' 'sip snmp' "$(complete_line --probe --request s)"
options=$("$replyfrom" --help | sed -n 's/^ *\(--[a-z-]*\).*/\1/p' | tr '\n' ' ')
same 'all options, those of --help' "${options% }" "$(complete_line -)"
for option in $(sed -n 's/^\t*\(--[^)]*\)).*/\1/p' "$abs_top_srcdir/completion/replyfrom" | grep -o -- '--[a-z][a-z-]*' | sort -u); do
	like "$option, which the completion treats apart, is in --help" "*$option *" "$options"
done
same 'levels' 'off error info debug' "$(complete_line --log '')"
same 'levels, begun' 'debug' "$(complete_line --log d)"
same 'levels after =' 'off error info debug' "$(complete_line --log =)"
same 'levels after =, begun' 'info' "$(complete_line --log = i)"
same 'no value for --ports' '' "$(complete_line --ports '')"
same 'no value for --source' '' "$(complete_line --source '')"
same 'services' 'tftpd.service named.service' "$(complete_line --unit '')"
same 'services, begun' 'named.service' "$(complete_line --unit --install n)"
same 'engines' 'auto preload bpf' "$(complete_line --engine '')"
same 'the target of --attach' 'tftpd.service' "$(complete_line --attach t)"
same 'the target of --detach, a process' "$$" "$(complete_line --detach "$$" | tr ' ' '\n' | grep -x "$$")"
same 'no command after a target' '' "$(complete_line --attach tftpd.service printen)"
same 'processes' "$$" "$(complete_line --status "$$" | tr ' ' '\n' | grep -x "$$")"
like 'commands' '*printenv*' "$(complete_line --log debug printen)"
like 'commands after =' '*printenv*' "$(complete_line --log = debug printen)"
same 'no options after --' '' "$(complete_line -- --p)"
like 'commands after --' '*printenv*' "$(complete_line -- printen)"
same 'the command completes its own arguments' 'offset 3' "$(complete_line --ports 53 nc -)"
same 'also after --' 'offset 2' "$(complete_line -- nc -)"
finish
