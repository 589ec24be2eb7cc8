// Transfer rates as people write them in manifests and flags: `10MB/s`, `500 kB/s`, `unlimited`,
// `paused`. Decimal and binary units are told apart by their names, as everywhere in modelctl.

/** Bytes per second: `Infinity` for no limit, 0 for no transfer at all. */
export type BytesPerSecond = number;

const unitBytes: Readonly<Record<string, number>> = {
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  kiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Null when `text` is no rate. */
export function parseRate(text: string): BytesPerSecond | null {
  if (text === 'unlimited') return Infinity;
  if (text === 'paused') return 0;
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?([kKMG]i?B)(?:\/s)?$/.exec(text);
  const unit = unitBytes[match?.[2] ?? ''];
  const rate = Number(match?.[1]) * (unit ?? 0);
  return unit === undefined || !(rate > 0) ? null : rate;
}
