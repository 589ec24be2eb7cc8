// Documents as YAML, for `-o yaml`. In a file of its own so that nothing else pays for the
// library's start-up.
import { stringify } from 'yaml';

/** Ends with a line feed. Keys stay in the order in which they stand. */
export const renderYaml = (document: unknown): string =>
  stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
