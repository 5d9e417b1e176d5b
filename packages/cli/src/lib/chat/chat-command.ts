/** What a line of a talk asks for. */
export type ChatCommand =
  | { readonly does: 'say'; readonly text: string }
  | { readonly does: 'attach' | 'save'; readonly path: string }
  | { readonly does: 'new' | 'quit' | 'nothing' }
  | { readonly does: 'unknown'; readonly name: string };

/** Reads one line. A line that begins with two slashes says itself, without the first. */
export function readChatCommand(line: string): ChatCommand {
  const text = line.trim();
  if (text === '') return { does: 'nothing' };
  if (!text.startsWith('/')) return { does: 'say', text };
  if (text.startsWith('//')) return { does: 'say', text: text.slice(1) };
  const [, name = '', path = ''] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
  switch (name) {
    case 'quit':
    case 'new':
      return { does: name };
    case 'attach':
    case 'save':
      return path === '' ? { does: 'unknown', name: `${name} without a file` } : { does: name, path };
    default:
      return { does: 'unknown', name };
  }
}
