// Rounds of `kill -9` against a fake Ollama behind a real port, each on a machine of its own: a
// first apply, or a roll-out over one. In the end the machine must be exactly as a run leaves it
// that nobody killed, with every byte fetched once, and what nobody declared as it was before.
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Text } from '../../src/core/hash.ts';
import { slotBytes } from '../../src/io/assembly-protocol.ts';
import type { FakeOllama } from '../fakes/ollama-server.ts';
import { createFakeRandom } from '../fakes/random.ts';
import {
  type Aim,
  createAim,
  createPlace,
  type KillCount,
  KillFailure,
  killTimes,
  mustBeIdle,
  mustEnd,
  rerun,
} from './kill.ts';
import {
  createKillSite,
  type KillSite,
  modelBytes,
  type State,
  type Version,
} from './kill-site.ts';
import { type Command, runCommand } from './processes.ts';

type Kind = 'first apply' | 'roll-out';

/** How a machine of each kind ends when nobody kills anything, and when to kill there. */
interface Known {
  readonly aim: Aim;
  readonly end: string;
}

/** Throws KillFailure. */
export async function killOnOllama(kills: number, seed: number): Promise<KillCount> {
  const site = await createKillSite();
  try {
    const known: Readonly<Record<Kind, Known>> = {
      'first apply': await rehearse(site, 'first apply'),
      'roll-out': await rehearse(site, 'roll-out'),
    };
    return await killTimes(kills, (round) => {
      const random = createFakeRandom(seed * 1000 + round);
      const kind = random.fraction() < 0.5 ? 'first apply' : 'roll-out';
      const { aim, end } = known[kind];
      const what = `round ${round} of seed ${seed} (${kind})`;
      return playRound(site, kind, async (command, ollama, before) => {
        const ended = await runCommand(withEvents(command), aim.next(random));
        const left = await leftOver(site, command, ollama);
        if (ended.code === null) await rerun(command, what);
        else aim.learn(ended);
        await judge(site, { ollama, before, end, left, command, what, kind });
        return ended;
      });
    });
  } finally {
    await site.end();
  }
}

const rehearse = (site: KillSite, kind: Kind): Promise<Known> =>
  playRound(site, kind, async (command) => {
    const aim = createAim();
    aim.learn(await mustEnd(withEvents(command), `the rehearsal of a ${kind}`));
    return { aim, end: JSON.stringify(await site.state()) };
  });

const withEvents = (command: Command): Command => ({
  ...command,
  arguments: [...command.arguments, '--json'],
});

/** Up to the run that may be killed, on a machine that is removed afterwards. */
async function playRound<T>(
  site: KillSite,
  kind: Kind,
  play: (command: Command, ollama: FakeOllama, before: State) => Promise<T>,
): Promise<T> {
  const ollama = await site.renew();
  const place = await createPlace();
  try {
    const command: Command = {
      ...place,
      ollama: site.address,
      arguments: ['apply', '--prune', '-f', 'models.yaml'],
      requests: site.requests,
    };
    const declare = (version: Version): Promise<void> =>
      writeFile(join(place.folder, 'models.yaml'), manifests(site, version));
    if (kind === 'roll-out') {
      await declare('v1');
      await mustEnd(command, 'the first version');
    }
    await declare('v2');
    const before = await site.state();
    ollama.log.length = 0;
    ollama.registry.served.clear();
    site.web.requests.length = 0;
    return await play(command, ollama, before);
  } finally {
    await place.remove();
  }
}

const manifests = ({ address, webOrigin, files }: KillSite, version: Version): string =>
  [
    `{ name: chat }\nspec:\n  source: "ollama://${address}/library/tiny:${version}"\n  derive: { system: be brief }\n  aliases: [gpt]\n  residency: loaded`,
    `{ name: other }\nspec:\n  source: "ollama://${address}/library/other:v1"\n  servedName: other-${version}`,
    `{ name: paper }\nspec:\n  source: "${webOrigin}/files/${version}.gguf#${digestOf(files[version])}"\n  servedName: paper-${version}`,
  ]
    .map((rest) => `apiVersion: modelctl.dev/v1alpha1\nkind: Model\nmetadata: ${rest}\n`)
    .join('---\n');

const digestOf = (file: Uint8Array): string => sha256Text(file).replace(':', '=');

interface Judged {
  readonly ollama: FakeOllama;
  readonly before: State;
  /** What it must have come to, as text. */
  readonly end: string;
  readonly left: Left;
  readonly command: Command;
  readonly what: string;
  readonly kind: Kind;
}

async function judge(site: KillSite, judged: Judged): Promise<void> {
  const { ollama, before, end, left, command, what, kind } = judged;
  const after = await site.state();
  if (JSON.stringify(after) !== end)
    throw new KillFailure(`${what}: ended as ${JSON.stringify(after)}; without a kill ${end}`);
  if (JSON.stringify(site.bystanders(after)) !== JSON.stringify(site.bystanders(before)))
    throw new KillFailure(`${what}: bystanders were ${JSON.stringify(site.bystanders(before))}`);
  judgeRequests(site, ollama, kind, what);
  judgePulled(ollama, before, what);
  judgeDownloaded(site, left, what);
  const writes = ollama.mutations().length;
  await mustBeIdle(command, what);
  if (ollama.mutations().length > writes)
    throw new KillFailure(`${what}: writes with nothing to do`);
}

/** Whatever changes disk or memory names what is declared, was declared, or a copy of that. */
function judgeRequests(site: KillSite, ollama: FakeOllama, kind: Kind, what: string): void {
  const ours = new Set([
    ...namesOf(site, 'v2'),
    ...(kind === 'roll-out' ? namesOf(site, 'v1') : []),
  ]);
  for (const { method, path, body } of ollama.mutations()) {
    if (path.startsWith('/api/blobs/')) continue;
    const { model, source, destination } = JSON.parse(body) as Record<string, string | undefined>;
    for (const name of [model, source, destination]) {
      if (name === undefined || ours.has(name) || name.startsWith('modelctl-quarantine/')) continue;
      throw new KillFailure(`${what}: ${method} ${path} for ${name}, which nobody declared`);
    }
  }
}

const namesOf = ({ address }: KillSite, version: Version): readonly string[] => [
  `${address}/library/tiny:${version}`,
  `${address}/library/other:v1`,
  'chat:latest',
  'gpt:latest',
  `other-${version}:latest`,
  `paper-${version}:latest`,
];

/** The engine resumes to the byte: what it fetches by itself must come exactly once. */
function judgePulled({ registry }: FakeOllama, before: State, what: string): void {
  for (const [digest, bytes] of registry.served) {
    const size = registry.blob(digest)?.size ?? 0;
    if (size !== modelBytes) continue;
    const allowed = before.blobs.includes(digest) ? 0 : size;
    if (bytes > allowed)
      throw new KillFailure(`${what}: ${digest} was fetched twice: ${bytes} of ${allowed} bytes`);
  }
}

/** What a killed run had of the web file. */
interface Left {
  /** Requests to the web server until then. */
  readonly requests: number;
  /** Bytes that had reached the disk. */
  readonly staged: number;
  readonly isImported: boolean;
}

async function leftOver(
  { web, files }: KillSite,
  { home }: Command,
  { store }: FakeOllama,
): Promise<Left> {
  const digest = sha256Text(files.v2);
  const path = join(home, 'cache', 'staging', digest.slice('sha256:'.length));
  const found = await Promise.all(
    [path, `${path}.partial`].map((one) => stat(one).catch(() => null)),
  );
  return {
    requests: web.requests.length,
    staged: Math.max(...found.map((one) => one?.size ?? 0)),
    isImported: store.blobs.has(digest),
  };
}

/**
 * The file is asked for once, and after a kill from where the journal ends, which is where the disk does. A request with an end is
 * for its header, which is read as long as no lock was written.
 */
function judgeDownloaded({ web }: KillSite, left: Left, what: string): void {
  const starts = (requests: typeof web.requests): readonly number[] =>
    requests.flatMap(({ headers }) => {
      const range = /^bytes=(\d+)-(\d*)$/.exec(headers['range'] ?? 'bytes=0-');
      return range?.[2] === '' ? [Number(range[1])] : [];
    });
  const first = starts(web.requests.slice(0, left.requests));
  const again = starts(web.requests.slice(left.requests));
  const [from = left.staged, ...more] = again;
  const isNeeded = !left.isImported && left.staged < modelBytes;
  // What one message between the threads tells of may not be in the journal yet.
  const isFromThere = from <= left.staged && from >= left.staged - slotBytes;
  const isRight = more.length === 0 && isFromThere && (!isNeeded || again.length === 1);
  if (first.length > 1 || !isRight)
    throw new KillFailure(
      `${what}: the web file was asked for from ${first.join()} and then ${again.join()}, ` +
        `with ${left.staged} bytes there`,
    );
}
