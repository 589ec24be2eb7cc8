// What text looks like: a handful of roles instead of colours, so that the rest of render says
// what a thing is and never how it is drawn. Plain and coloured output differ in nothing else.

export interface Style {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly added: (text: string) => string;
  readonly changed: (text: string) => string;
  readonly removed: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
}

const same = (text: string): string => text;

export const plainStyle: Style = {
  strong: same,
  faint: same,
  added: same,
  changed: same,
  removed: same,
  good: same,
  warning: same,
  bad: same,
};

// Only the sixteen colours that a terminal's own theme defines: readable on light and on dark.
const sgr =
  (open: number, close: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${open}m${text}\u001b[${close}m`;

export const colourStyle: Style = {
  strong: sgr(1, 22),
  faint: sgr(2, 22),
  added: sgr(32, 39),
  changed: sgr(33, 39),
  removed: sgr(31, 39),
  good: sgr(32, 39),
  warning: sgr(33, 39),
  bad: sgr(31, 39),
};
