import { createPage, html, type Page } from './page.ts';

/** Stands in the place of a page until the browser is signed in, and then loads that page. */
export function renderSignIn(): Page {
  const body = html`<header><h1>Guestpass gateway</h1></header>
<main>
<form>
<p><label>Operator token <input type="password" required autofocus autocomplete="current-password" size="48"></label>
<button>Sign in</button></p>
<p hidden><a href="/v1/operator-sign-in/start">Sign in with <span></span></a>, and come back from the console</p>
<p role="status"></p>
</form>
<noscript><p>Signing in needs JavaScript. Without it, send the header <code>Authorization: Bearer</code> and the token.</p></noscript>
</main>`;
  return createPage('Guestpass gateway: sign in', body, script);
}

/**
 * Takes the token from the form, or from the fragment of the address (`#token=…`), which no server sees, and removes it
 * there at once. A link on another site is followed without the cookie, so a session there may be is tried first. Where
 * operators sign in at a provider, its way in stands beside the form.
 */
const script = `
const form = document.querySelector('form');
const token = form.querySelector('input');
const status = form.querySelector('[role=status]');
const handed = new URLSearchParams(location.hash.slice(1)).get('token');
const signIn = async (text) => {
  status.textContent = 'Signing in…';
  try {
    const headers = { Authorization: 'Bearer ' + text.trim() };
    const { ok, status: code } = await fetch('/v1/operator-sessions', { method: 'POST', headers });
    if (ok) return location.reload();
    status.textContent = code === 429 ? 'Too many wrong tokens. Try again in a minute.' : 'This is not the token.';
  } catch {
    status.textContent = 'The gateway did not answer.';
  }
};
form.addEventListener('submit', (event) => {
  event.preventDefault();
  signIn(token.value);
});
fetch('/v1/operator-sign-in').then((answer) => answer.json()).then(({ provider }) => {
  const way = form.querySelector('[hidden]');
  way.querySelector('span').textContent = provider;
  way.hidden = provider === null;
}, () => {});
if (handed === null) fetch(location.pathname, { method: 'HEAD' }).then(({ ok }) => ok && location.reload(), () => {});
else {
  history.replaceState(null, '', location.pathname);
  signIn(handed);
}
`;
