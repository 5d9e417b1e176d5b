/** The first that is found counts: browsers name those they are made from too. */
const families: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|OPT|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.* Safari\//, 'Safari'],
];

/** The family of a browser by its `User-Agent`, without version or system; `other` for one that is not known. */
export function browserFamily(userAgent: string | null): string | null {
  if (userAgent === null || userAgent === '') return null;
  const told = userAgent.slice(0, 1_024);
  return families.find(([mark]) => mark.test(told))?.[1] ?? 'other';
}
