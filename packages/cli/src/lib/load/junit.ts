import type { Judged } from './assertions.ts';

/** The assertions as a test suite, as CI services read it. */
export function junitXml(judged: readonly Judged[], seconds: number, timestamp: string): string {
  const failures = judged.filter(({ ok }) => !ok).length;
  const cases = judged.map(({ assertion, actual, ok }) => {
    const name = attribute(assertion);
    const head = `    <testcase classname="guestpass.load" name="${name}" time="${seconds}"`;
    return ok
      ? `${head}/>`
      : `${head}>\n      <failure message="${name}, and it was ${attribute(actual)}"/>\n    </testcase>`;
  });
  const counts = `tests="${judged.length}" failures="${failures}" errors="0" time="${seconds}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name="guestpass load" ${counts} timestamp="${timestamp}">
${cases.join('\n')}
  </testsuite>
</testsuites>
`;
}

function attribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
