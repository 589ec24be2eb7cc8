// What a person means by a transfer: the name of what it is for, its source, its file, or the first
// characters of its digest. Pure.
import { digestHex } from '../core/digest.ts';
import type { SurveyedTransfer } from '../core/surveyed-transfer.ts';
import { ownedNamed } from './owned-named.ts';

/** Shorter ones mean too much. */
const prefixCharactersMin = 4;

/** Every file of a name or a source, one of a digest. Empty when nothing is meant. */
export function transfersNamed(
  all: readonly SurveyedTransfer[],
  name: string,
): readonly SurveyedTransfer[] {
  const wanted = all.flatMap((transfer) =>
    transfer.origin?.wantedBy ? [{ ...transfer.origin.wantedBy, transfer }] : [],
  );
  const named = ownedNamed(wanted, name).map(({ transfer }) => transfer);
  if (named.length > 0) return named;
  const told = all.filter(({ origin }) => origin?.source === name || origin?.path === name);
  return told.length > 0 ? told : withDigest(all, name);
}

function withDigest(all: readonly SurveyedTransfer[], text: string): readonly SurveyedTransfer[] {
  const prefix = text.replace(/^sha256:/, '').toLowerCase();
  if (prefix.length < prefixCharactersMin || !/^[0-9a-f]+$/.test(prefix)) return [];
  return all.filter(({ digest }) => digestHex(digest).startsWith(prefix));
}
