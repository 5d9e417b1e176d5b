import { hash } from 'node:crypto';

/** A page that loads nothing, and runs nothing but a script of its own. */
export interface Page {
  readonly html: string;
  /** Allows this page's own style and script by their hashes, and nothing else. */
  readonly contentSecurityPolicy: string;
}

/** HTML that is safe to put into a page. */
export interface Html {
  readonly html: string;
}

/** Joins a template; text in it is escaped, {@link Html} is taken as it is. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  const texts = values.map((value) => {
    if (typeof value === 'string') return escaped(value);
    return 'html' in value ? value.html : value.map((one) => one.html).join('');
  });
  return { html: String.raw({ raw: parts }, ...texts) };
}

/** Words in which code stands between backticks. */
export function prose(text: string): Html {
  const pieces = text
    .split('`')
    .map((piece, index) => (index % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`));
  return html`${pieces}`;
}

/** The script may ask this origin alone. Default none. */
export function createPage(title: string, body: Html, script?: string): Page {
  const scripts = script === undefined ? '' : ` script-src '${hashOf(script)}'; connect-src 'self';`;
  const { html: text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ html: style }}</style>
</head>
<body>
${body}
${script === undefined ? html`` : { html: `<script type="module">${script}</script>\n` }}</body>
</html>
`;
  return {
    html: text,
    contentSecurityPolicy: `default-src 'none'; style-src '${hashOf(style)}';${scripts} base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
}

function hashOf(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); --quiet: color-mix(in srgb, currentColor 70%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h3 { margin-top: 2rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
nav ul { columns: 16rem; padding-left: 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); }
.scroll { overflow-x: auto; }
.method { text-transform: uppercase; }
.quiet { color: var(--quiet); }
`;
