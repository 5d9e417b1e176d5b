/** Colors as a canvas takes them. */
export interface ChartColors {
  readonly accent: string;
  readonly fill: string;
  readonly bad: string;
  readonly odd: string;
  readonly quiet: string;
  readonly line: string;
}

/** Works the tokens out for `element`: a canvas knows no custom properties, and no `light-dark()`. */
export function chartColors(element: Element): ChartColors {
  const probe = document.createElement('span');
  element.append(probe);
  const colorOf = (token: string) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colors = {
    accent: colorOf('accent'),
    fill: colorOf('accent-soft'),
    bad: colorOf('bad'),
    odd: colorOf('odd'),
    quiet: colorOf('quiet'),
    line: colorOf('line'),
  };
  probe.remove();
  return colors;
}
