// Bytes as people read them, in every sentence that names some. Decimal units, as disks and downloads
// are sold and as Ollama prints them. Rounded for reading, never for deciding.

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `5.2 GB`, `224.7 kB`, `0 B`; a minus sign stays. */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? '-' : '';
  let value = Math.abs(bytes);
  let unit = 0;
  // 999.95 would round to 1000.0, so the step is taken just before it.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${sign}${unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${byteUnits[unit]}`;
}
