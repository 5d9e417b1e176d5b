import type { OpenApiDocument, OpenApiOperation, OpenApiParameter, OpenApiResponse } from './document.ts';
import { createPage, type Html, html, type Page, prose } from './page.ts';
import { schemaTable, schemaWords } from './schema-words.ts';

/** The description of the API as a page to read. */
export function renderReference(document: OpenApiDocument): Page {
  const { tags, paths, components, servers } = document;
  const operations = Object.entries(paths).flatMap(([path, ofPath]) =>
    Object.entries(ofPath).map(([method, operation]) => ({ method, path, operation })),
  );
  const sections = tags.map(({ name, description }) => {
    const ofTag = operations.filter(({ operation }) => operation.tags.includes(name));
    return html`<section aria-labelledby="${idOf(name)}">
<h2 id="${idOf(name)}">${name}</h2>
<p>${prose(description)}</p>
${ofTag.map(operationArticle)}</section>
`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3>
${schemaTable(name, schema)}
`,
  );
  const body = html`<header><h1>Guestpass gateway</h1>
<p>Operators ask <code>${servers[0]?.url ?? ''}</code> with <code>Authorization: Bearer</code> and their token; browsers sign in.
<a href="/openapi.json">OpenAPI 3.1</a> · <a href="/docs/errors">Error codes</a></p></header>
<nav aria-label="Contents"><ul>${operations.map(contentsLine)}</ul></nav>
<main>
${sections}<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>
${schemas}</section>
</main>`;
  return createPage('Guestpass gateway API', body);
}

interface Described {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

function contentsLine({ method, path, operation }: Described): Html {
  return html`<li><a href="#${operation.operationId}"><span class="method">${method}</span> ${path}</a></li>\n`;
}

function operationArticle({ method, path, operation }: Described): Html {
  const { operationId, summary, description = '', security, parameters = [], requestBody, responses } = operation;
  return html`<article aria-labelledby="${operationId}">
<h3 id="${operationId}"><code><span class="method">${method}</span> ${path}</code></h3>
<p>${summary}. ${prose(description)}</p>
<p class="quiet">${neededRole(security)}</p>
${parameters.length > 0 ? parameterTable(parameters) : html``}
${requestBody ? html`<p>Body: ${schemaOf(requestBody.content)}</p>` : html``}
${responseTable(responses)}
</article>
`;
}

function neededRole(security: OpenApiOperation['security']): string {
  const roles = new Set(security.flatMap((way) => Object.values(way).flat()));
  if (roles.size === 0) return 'No token is asked for.';
  const isFree = security.some((way) => Object.keys(way).length === 0);
  return `Role: ${[...roles].join(', ')}.${isFree ? ' On the public listener no token is asked for.' : ''}`;
}

function parameterTable(parameters: readonly OpenApiParameter[]): Html {
  const rows = parameters.map(
    ({ name, in: place, required, description = '', schema }) =>
      html`<tr><th scope="row"><code>${name}</code></th><td>${place}${required ? '' : ', optional'}</td><td>${schemaWords(
        schema,
      )}</td><td>${prose(description)}</td></tr>\n`,
  );
  return html`<div class="scroll"><table><caption>Parameters</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Place</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function responseTable(responses: Readonly<Record<string, OpenApiResponse>>): Html {
  const rows = Object.entries(responses).map(([status, { description, content = {} }]) => {
    const meaning = description.split('\n\n').map((paragraph) => html`<div>${prose(paragraph)}</div>`);
    return html`<tr><th scope="row">${status}</th><td>${schemaOf(content)}</td><td>${meaning}</td></tr>\n`;
  });
  return html`<div class="scroll"><table><caption>Answers</caption>
<thead><tr><th scope="col">Status</th><th scope="col">Body</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function schemaOf(content: NonNullable<OpenApiResponse['content']>): Html {
  const forms = Object.entries(content).map(
    ([mediaType, { schema }]) => html`<div>${schemaWords(schema)} <span class="quiet">${mediaType}</span></div>`,
  );
  return html`${forms}`;
}

function idOf(tag: string): string {
  return tag.toLowerCase().replaceAll(' ', '-');
}
