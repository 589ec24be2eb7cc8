// Registries as rows and as data.
import type { SurveyedRegistry } from '../core/surveyed-registry.ts';
import { formatRate } from './quantity.ts';
import { redact } from './redact.ts';
import type { Column } from './table.ts';

export const registryColumns: readonly Column<SurveyedRegistry>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'ENDPOINT', cell: ({ endpoint }) => redact(endpoint) },
  {
    heading: 'MIRRORS',
    cell: ({ mirrors }) => mirrors.map(({ url }) => redact(url)).join(', '),
  },
  { heading: 'AUTH', cell: ({ auth }) => auth ?? '' },
  { heading: 'PROXY', cell: ({ proxy }) => redact(proxy ?? '') },
  { heading: 'BANDWIDTH NOW', cell: ({ bytesPerSecond }) => rateText(bytesPerSecond) },
  {
    heading: 'CONNECTIONS',
    cell: ({ connections }) => (connections === null ? '' : String(connections)),
    align: 'right',
    wide: true,
  },
  { heading: 'AUTHORITIES', cell: ({ caBundle }) => caBundle ?? '', wide: true },
  {
    heading: 'MIRROR AUTH',
    cell: ({ mirrors }) => mirrors.map(({ auth }) => auth ?? 'none').join(', '),
    wide: true,
  },
];

const rateText = (rate: number): string =>
  rate === Infinity ? 'unlimited' : rate === 0 ? 'paused' : formatRate(rate);

export const registryItem = (one: SurveyedRegistry): Readonly<Record<string, unknown>> => ({
  name: one.name,
  endpoint: redact(one.endpoint),
  mirrors: one.mirrors.map(({ url, auth }) => ({ url: redact(url), auth })),
  auth: one.auth,
  proxy: one.proxy === null ? null : redact(one.proxy),
  caBundle: one.caBundle,
  connections: one.connections,
  bytesPerSecond: one.bytesPerSecond === Infinity ? null : one.bytesPerSecond,
});
