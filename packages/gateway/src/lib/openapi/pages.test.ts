import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createProblems } from '../http/problem.ts';
import { createOpenApi } from './document.ts';
import { renderErrors } from './error-page.ts';
import { createPage, html, prose } from './page.ts';
import { problemCodes } from './problem.ts';
import { renderReference } from './reference-page.ts';
import { renderSignIn } from './sign-in-page.ts';

const document = createOpenApi();
const reference = renderReference(document);

const idsIn = (text: string) => [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? '');
const linksIn = (text: string) => [...text.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id ?? '');

test('every operation and every schema has a heading, and every link leads to one', () => {
  const ids = idsIn(reference.html);
  const operations = Object.values(document.paths).flatMap((ofPath) => Object.values(ofPath));
  expect(ids).toEqual(expect.arrayContaining(operations.map(({ operationId }) => operationId)));
  expect(ids).toEqual(expect.arrayContaining(Object.keys(document.components.schemas).map((name) => `schema-${name}`)));
  expect(new Set(ids).size).toBe(ids.length);
  expect(linksIn(reference.html).filter((id) => !ids.includes(id))).toEqual([]);
});

test('every code has a heading of its own, where the type of a problem leads', () => {
  const { html: text } = renderErrors();
  expect(idsIn(text)).toEqual(problemCodes);
  expect(linksIn(text)).toEqual(problemCodes);
});

test('the type of every problem leads to the heading of its code', () => {
  const ids = idsIn(renderErrors().html);
  const problems = createProblems();
  for (const code of problemCodes) {
    const { type } = JSON.parse(problems.answer({ code, detail: 'It is so.' }, 'req_12345678').body);
    const { pathname, hash: fragment } = new URL(type, 'http://gateway.test/v1/guests');
    expect([pathname, fragment]).toEqual(['/docs/errors', `#${code}`]);
    expect(ids).toContain(fragment.slice(1));
  }
});

test('the policy allows the style of the page by its hash, and nothing else', () => {
  const style = /<style>(.*?)<\/style>/s.exec(reference.html)?.[1] ?? '';
  expect(style.length).toBeGreaterThan(100);
  expect(reference.contentSecurityPolicy).toContain(`style-src 'sha256-${hash('sha256', style, 'base64')}'`);
  expect(reference.html).not.toMatch(/ style="|<script| on\w+="/);
});

test('the page to sign in runs its own script, allowed by its hash, and asks this origin alone', () => {
  const { html: text, contentSecurityPolicy } = renderSignIn();
  const script = /<script type="module">(.*?)<\/script>/s.exec(text)?.[1] ?? '';
  expect(script.length).toBeGreaterThan(100);
  expect(contentSecurityPolicy).toContain(
    `script-src 'sha256-${hash('sha256', script, 'base64')}'; connect-src 'self'`,
  );
  // Without the script nothing can be sent anywhere, least of all the token in an address.
  expect(contentSecurityPolicy).toContain("form-action 'none'");
  expect(text).not.toMatch(/ style="| on\w+="| name="token"/);
});

test('text is escaped wherever it stands', () => {
  const hostile = `<img src=x onerror="alert('&')">`;
  const { html: text } = createPage(hostile, html`<p title="${hostile}">${prose(`\`${hostile}\``)}</p>`);
  expect(text).not.toContain('<img');
  expect(text).toContain('<code>&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;</code>');
});
