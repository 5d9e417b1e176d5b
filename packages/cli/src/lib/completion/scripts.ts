import { allNodes, type Flag, type Node } from './command-tree.ts';

/** The shells there is a script for. */
export const shells = ['bash', 'zsh', 'fish', 'pwsh'] as const;

export type Shell = (typeof shells)[number];

/** A script that completes the commands of a tree in a shell. It asks nobody: everything stands in it. */
export function completionScript(tree: Node, shell: Shell): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript, pwsh: pwshScript }[shell](tree);
}

// The way to a command is written as ` audit verify`, and that to the program as nothing at all.
const way = (path: readonly string[]) => path.map((name) => ` ${name}`).join('');

function bashScript(tree: Node): string {
  const nodes = allNodes(tree);
  return `# guestpass completion for bash: source <(guestpass completion bash)
_guestpass() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
${steps(nodes, (names, to) => `      ${names.map(quoted).join('|')}) at=${quoted(to)} ;;`)}
    esac
  done
  case "$at $before" in
${nodes.flatMap((node) => node.flags.filter(({ values }) => values.length > 0).map((flag) => `    ${quoted(`${way(node.path)} ${flag.long}`)}) words=${quoted(flag.values.join(' '))} ;;`)).join('\n')}
    *)
      case "$at" in
${nodes.map((node) => `        ${quoted(way(node.path))}) words=${quoted(wordsOf(node).join(' '))} ;;`).join('\n')}
      esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _guestpass guestpass
`;
}

function zshScript(tree: Node): string {
  const nodes = allNodes(tree);
  const itemsOf = (node: Node) => [
    ...node.children.map(({ path, summary }) => described(path.at(-1) ?? '', summary)),
    ...node.values.map((value) => quoted(value)),
    ...node.flags.map(({ long, description }) => described(long, description)),
  ];
  return `#compdef guestpass
# guestpass completion for zsh: guestpass completion zsh > "\${fpath[1]}/_guestpass"
_guestpass() {
  local at='' word
  local -a items
  for word in \${words[2,CURRENT-1]}; do
    case "$at $word" in
${steps(nodes, (names, to) => `      ${names.map(quoted).join('|')}) at=${quoted(to)} ;;`)}
    esac
  done
  case "$at" in
${nodes.map((node) => `    ${quoted(way(node.path))}) items=(${itemsOf(node).join(' ')}) ;;`).join('\n')}
  esac
  _describe 'guestpass' items || _files
}
compdef _guestpass guestpass
`;
}

function fishScript(tree: Node): string {
  const nodes = allNodes(tree);
  const line = (node: Node, rest: string) => `complete -c guestpass -n '__guestpass_at "${way(node.path)}"' ${rest}`;
  const linesOf = (node: Node) => [
    ...node.children.map(({ path, summary }) => line(node, `-f -a ${path.at(-1)} -d ${fishQuoted(summary)}`)),
    ...node.values.map((value) => line(node, `-f -a ${value}`)),
    ...node.flags.map((flag) => line(node, fishFlag(flag))),
  ];
  return `# guestpass completion for fish: guestpass completion fish | source
function __guestpass_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
${steps(nodes, (names, to) => `      case ${names.map(fishQuoted).join(' ')}\n        set at ${fishQuoted(to)}`)}
    end
  end
  test "$at" = "$argv[1]"
end
${nodes.flatMap(linesOf).join('\n')}
`;
}

function pwshScript(tree: Node): string {
  const nodes = allNodes(tree);
  const inner = nodes.filter(({ path }) => path.length > 0);
  const stepsOf = ({ path, aliases }: Node) =>
    [path.at(-1) ?? '', ...aliases].map(
      (name) => `${pwshQuoted(way([...path.slice(0, -1), name]))} = ${pwshQuoted(way(path))}`,
    );
  const valuesOf = ({ path, flags }: Node) =>
    flags
      .filter(({ values }) => values.length > 0)
      .map(
        ({ long, values }) => `${pwshQuoted(`${way(path)} ${long}`)} = ${pwshTable(values.map((one) => [one, one]))}`,
      );
  const wordsAt = (node: Node) => `${pwshQuoted(way(node.path))} = ${pwshTable(describedWords(node))}`;
  return `# guestpass completion for PowerShell: guestpass completion pwsh | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName guestpass -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $steps = @{
${inner.flatMap(stepsOf).map(indented).join('\n')}
  }
  $values = @{
${nodes.flatMap(valuesOf).map(indented).join('\n')}
  }
  $words = @{
${nodes.map(wordsAt).map(indented).join('\n')}
  }
  $at = ''
  $before = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    $before = $element.Extent.Text
    if ($steps.ContainsKey("$at $before")) { $at = $steps["$at $before"] }
  }
  $offered = if ($values.ContainsKey("$at $before")) { $values["$at $before"] } else { $words[$at] }
  $offered.GetEnumerator() | Where-Object { $_.Key.StartsWith($wordToComplete) } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'ParameterValue', $_.Value)
  }
}
`;
}

/** Long flags alone: keys of a table of PowerShell are the same in upper and lower case, and `-v` is not `-V`. */
function describedWords({ children, values, flags }: Node): readonly (readonly [word: string, description: string])[] {
  return [
    ...children.map(({ path, summary }) => [path.at(-1) ?? '', summary] as const),
    ...values.map((value) => [value, value] as const),
    ...flags.map(({ long, description }) => [long, description] as const),
  ];
}

function pwshTable(rows: readonly (readonly [key: string, value: string])[]): string {
  return `[ordered]@{ ${rows.map(([key, value]) => `${pwshQuoted(key)} = ${pwshQuoted(value)}`).join('; ')} }`;
}

/** PowerShell doubles a quotation mark, and takes curly ones for it too. */
function pwshQuoted(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

function indented(line: string): string {
  return `    ${line}`;
}

/** How each word leads from one command to the next; what is none, such as a value, leads nowhere. */
function steps(nodes: readonly Node[], write: (names: readonly string[], to: string) => string): string {
  const inner = nodes.filter(({ path }) => path.length > 0);
  return inner
    .map(({ path, aliases }) => {
      const outer = path.slice(0, -1);
      const names = [path.at(-1) ?? '', ...aliases].map((name) => way([...outer, name]));
      return write(names, way(path));
    })
    .join('\n');
}

function wordsOf({ children, values, flags }: Node): readonly string[] {
  return [
    ...children.flatMap(({ path }) => path.slice(-1)),
    ...values,
    ...flags.flatMap(({ long, short }) => [long, ...(short ? [`-${short}`] : [])]),
  ];
}

function fishFlag({ long, short, description, takesValue, values }: Flag): string {
  const value = values.length > 0 ? ` -x -a ${fishQuoted(values.join(' '))}` : takesValue ? ' -r' : '';
  return `-l ${long.slice(2)}${short ? ` -s ${short}` : ''}${value} -d ${fishQuoted(description)}`;
}

/** Text between single quotes, in which a shell takes everything as it stands. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Fish escapes inside single quotes. */
function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** `name:what it is`, in which zsh reads a colon of the name as part of it when escaped. */
function described(name: string, text: string): string {
  return quoted(`${name.replaceAll(':', '\\:')}:${text}`);
}
