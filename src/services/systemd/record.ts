// What modelctl wrote last into a drop-in, so that what others made of it since can be told. Nothing
// is decided by it: without it, a file that is gone is only a file that is not there.
import { join } from 'node:path';
import { digestHex } from '../../core/digest.ts';
import { sha256Text } from '../../core/hash.ts';
import { isObject } from '../../core/json-object.ts';
import type { ServiceFields } from '../../core/service.ts';
import { homeOf } from '../../io/home.ts';
import type { Io } from '../../io/io.ts';
import { type Place, readText } from './place.ts';

const recordPath = ({ dropIn }: Place, { environment }: Pick<Io, 'environment'>): string =>
  join(homeOf(environment).state, 'drop-ins', `${digestHex(sha256Text(dropIn)).slice(0, 16)}.json`);

export async function readRecord(place: Place, io: Io): Promise<ServiceFields | null> {
  const text = await readText(recordPath(place, io), io);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    const isFields =
      isObject(value) && Object.values(value).every((one) => typeof one === 'string');
    return isFields ? (value as ServiceFields) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export const writeRecord = (place: Place, fields: ServiceFields, io: Io): Promise<void> =>
  io.files.writeAtomic(recordPath(place, io), `${JSON.stringify(fields, null, 2)}\n`, {
    mode: 0o600,
  });
