// Label selectors as kubectl takes them: `team=search,tier!=test,gpu,!old,env in (a,b)`.
import { type Checked, checked, errorProblem, refused } from '../core/problem.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

/** Every part must hold. */
export function parseSelector(text: string): Checked<(labels: Labels) => boolean> {
  const requirements: Requirement[] = [];
  for (const part of splitParts(text)) {
    const requirement = parsePart(part.trim());
    if (requirement === null) return refused(invalid(part.trim()));
    requirements.push(requirement);
  }
  return checked((labels) => requirements.every((holds) => holds(labels)));
}

/** At commas that are not inside parentheses. */
const splitParts = (text: string): readonly string[] => text.split(/,(?![^(]*\))/);

const key = String.raw`([A-Za-z0-9][A-Za-z0-9._/-]*)`;
const value = String.raw`([A-Za-z0-9._-]*)`;
const equality = new RegExp(`^${key}\\s*(==|=|!=)\\s*${value}$`);
const membership = new RegExp(String.raw`^${key}\s+(in|notin)\s+\(([A-Za-z0-9._,\s-]*)\)$`);
const presence = new RegExp(`^(!?)\\s*${key}$`);

function parsePart(part: string): Requirement | null {
  const equal = equality.exec(part);
  if (equal !== null) {
    const [, name = '', operator, wanted = ''] = equal;
    return operator === '!='
      ? (labels) => labelOf(labels, name) !== wanted
      : (labels) => labelOf(labels, name) === wanted;
  }
  const member = membership.exec(part);
  if (member !== null) {
    const [, name = '', operator, list = ''] = member;
    const values = new Set(list.split(',').map((one) => one.trim()));
    return (labels) => {
      const has = labelOf(labels, name);
      return (has !== undefined && values.has(has)) === (operator === 'in');
    };
  }
  const present = presence.exec(part);
  if (present === null) return null;
  const [, not, name = ''] = present;
  return (labels) => (labelOf(labels, name) !== undefined) === (not !== '!');
}

const labelOf = (labels: Labels, name: string): string | undefined =>
  Object.hasOwn(labels, name) ? labels[name] : undefined;

const invalid = (part: string) =>
  errorProblem({
    code: 'cli/invalid-selector',
    summary: 'Invalid label selector',
    detail: `"${part}" is no requirement on a label.`,
    remedy: "As in: -l team=search  -l tier!=test  -l gpu  -l 'env in (a,b)'",
  });
