import { entryOf } from '../http/problem-table.ts';
import { createPage, html, type Page, prose } from './page.ts';
import { problemCodes } from './problem.ts';

/** Every code with what it means; `type` of a problem leads to its heading. */
export function renderErrors(): Page {
  const sections = problemCodes.map((code) => {
    const { httpStatus, retryable, meaning, cause, remedy, visitor } = entryOf(code);
    return html`<article aria-labelledby="${code}">
<h2 id="${code}"><code>${code}</code></h2>
<p>${prose(meaning)}</p>
<ul>
<li><strong>Cause:</strong> ${prose(cause)}</li>
<li><strong>What to do:</strong> ${prose(remedy)}</li>
<li><strong>Tell the visitor:</strong> ${prose(visitor)}</li>
<li><strong>HTTP status:</strong> ${httpStatus === null ? 'none: not over HTTP' : String(httpStatus)}</li>
<li><strong>Retryable:</strong> ${retryable ? 'yes' : 'no'}</li>
</ul>
</article>
`;
  });
  const contents = problemCodes.map((code) => html`<li><a href="#${code}"><code>${code}</code></a></li>\n`);
  return createPage(
    'Guestpass error codes',
    html`<header><h1>Error codes</h1>
<p>Every answer that is an error carries one of these codes. Switch on the code, never on the words.</p></header>
<nav aria-label="Contents"><ul>${contents}</ul></nav>
<main>
${sections}</main>`,
  );
}
