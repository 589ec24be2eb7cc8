// Completion scripts. They know nothing of commands: they hand the words to `modelctl __complete`,
// which answers from the table of commands and from the ledger, so a script never goes stale.
// An answer is one candidate a line, its description behind a tab; the last line says whether the
// shell should offer files as well.

export type Shell = 'bash' | 'zsh' | 'fish';

export const completionScript = (shell: Shell): string => scripts[shell];

/** The last line of an answer. */
export const filesToo = ':files';
export const noFiles = ':nofiles';

// bash splits words at = and : by itself, so that of a served name only what stands behind the last
// colon is replaced. Written for bash 3.2, which macOS still has.
const bash = `# modelctl completion for bash
_modelctl() {
  local typed="\${COMP_LINE:0:COMP_POINT}" words=() lines=() line prefix=""
  COMPREPLY=()
  read -ra words <<< "$typed"
  [[ "$typed" == *" " ]] && words+=("")
  local last=$((\${#words[@]} - 1))
  local whole="\${words[last]}" breaks="\${COMP_WORDBREAKS//[^=:]/}"
  [[ -n "$breaks" ]] && prefix="\${whole%"\${whole##*[$breaks]}"}"
  while IFS= read -r line; do
    case "$line" in
      "${noFiles}") ;;
      "${filesToo}")
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "\${whole#"$prefix"}")
        ;;
      *)
        line="\${line%%$'\t'*}"
        [[ "$line" == "$whole"* ]] && COMPREPLY+=("\${line#"$prefix"}")
        ;;
    esac
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _modelctl modelctl
`;

const zsh = `#compdef modelctl
# modelctl completion for zsh
_modelctl() {
  local -a lines described
  local line last
  lines=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  (( \${#lines} )) || return 1
  for line in "\${(@)lines[1,-2]}"; do
    last="\${\${line%%$'\\t'*}//:/\\\\:}"
    [[ "$line" == *$'\\t'* ]] && last+=":\${line#*$'\\t'}"
    described+=("$last")
  done
  (( \${#described} )) && _describe 'modelctl' described
  [[ "\${lines[-1]}" == "${filesToo}" ]] && _files
}
if [[ "\${funcstack[1]}" == "_modelctl" ]]; then
  _modelctl "$@"
else
  (( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
  compdef _modelctl modelctl
fi
`;

const fish = `# modelctl completion for fish
function __modelctl_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  test (count $lines) -gt 0; or return
  test (count $lines) -gt 1; and printf '%s\\n' $lines[1..-2]
  test "$lines[-1]" = "${filesToo}"; and __fish_complete_path (commandline -ct)
end
complete -c modelctl -f -a '(__modelctl_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
