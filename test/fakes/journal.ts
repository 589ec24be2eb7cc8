// The journal of transfers in memory: what the ledger keeps of them, without a ledger.
import type { Digest } from '../../src/core/digest.ts';
import type {
  Checksums,
  TransferJournal,
  TransferWish,
  UnfinishedTransfer,
} from '../../src/core/transfer.ts';

export interface FakeJournal extends TransferJournal {
  readonly transfers: Map<Digest, UnfinishedTransfer>;
  readonly checksums: Map<Digest, Checksums>;
  readonly wishes: Map<Digest, TransferWish>;
}

export function createFakeJournal(): FakeJournal {
  const transfers = new Map<Digest, UnfinishedTransfer>();
  const checksums = new Map<Digest, Checksums>();
  const wishes = new Map<Digest, TransferWish>();
  return {
    transfers,
    checksums,
    wishes,
    find: (digest) => transfers.get(digest) ?? null,
    take: (digest, process) => {
      const known = transfers.get(digest);
      wishes.delete(digest);
      if (known === undefined) return null;
      transfers.set(digest, { ...known, process });
      return known;
    },
    isAsked: (digest) => wishes.has(digest),
    save: (transfer) => {
      transfers.set(transfer.digest, transfer);
      const wish = wishes.get(transfer.digest) ?? null;
      wishes.delete(transfer.digest);
      return wish;
    },
    forget: (digest) => void transfers.delete(digest),
    keepChecksums: (digest, sums) => void checksums.set(digest, sums),
  };
}
