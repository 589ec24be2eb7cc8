// Rounds of `kill -9` of a pull, over all sources and engines, each on a machine of its own whose
// servers fail now and then. In the end the bytes that were published are in the store, the next
// plan is empty, and nothing is left of the transfer: no partial file, no line in the journal.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Random } from '../../src/io/io.ts';
import { createFakeRandom } from '../fakes/random.ts';
import {
  createPlace,
  type KillCount,
  KillFailure,
  type KillPlace,
  killTimes,
  mustBeIdle,
} from './kill.ts';
import { type Command, type Ended, type Moment, runCommand } from './processes.ts';
import {
  createPullSite,
  type EngineName,
  engineNames,
  type PullSite,
  type SourceName,
  sourceNames,
} from './pull-site.ts';

interface Kind {
  readonly source: SourceName;
  readonly engine: EngineName;
}

const kinds: readonly Kind[] = sourceNames.flatMap((source) =>
  engineNames.map((engine) => ({ source, engine })),
);

const mebibyte = 1024 * 1024;
const fileBytes = { min: 18 * mebibyte, more: 14 * mebibyte } as const;

/** A server in trouble ends many a run before its moment has come. */
const roundsPerKillMax = 5;

/** Throws KillFailure. `only`: of these kinds, as in `oci embedded`; else of all. */
export async function killPulls(
  kills: number,
  seed: number,
  only: readonly string[] = [],
): Promise<KillCount> {
  const chosen = kinds.filter((kind) => only.length === 0 || only.includes(nameOf(kind)));
  return killTimes(
    kills,
    (round) => {
      const kind = chosen[round % chosen.length];
      if (kind === undefined) throw new KillFailure(`there is no ${only.join(', ')}`);
      return playRound(kind, seed * 1000 + round);
    },
    roundsPerKillMax,
  );
}

const nameOf = ({ source, engine }: Kind): string => `${source} ${engine}`;

function playRound(kind: Kind, seed: number): Promise<Ended> {
  const what = `pull ${seed} (${nameOf(kind)})`;
  return onMachine(kind, seed, what, async (command) => {
    const ended = await runCommand(command, momentOf(kind, createFakeRandom(seed)));
    if (ended.code !== 0) await runUntilDone(command, what);
    return ended;
  });
}

/** Of a run that pulls: a hundred while bytes come, and some lines that it prints before. */
const signsOfPull = 102;
/** Nothing comes over the network then. */
const signsOfFile = 5;

/** Most of the moments are in the transfer, the others before it and after it. */
function momentOf({ source }: Kind, random: Random): Moment {
  const signs = source === 'file' ? signsOfFile : signsOfPull;
  const part = random.fraction();
  const afterMs = Math.floor(random.fraction() * 400);
  if (part < 0.1) return { signs: 0, afterMs: 2 * afterMs };
  if (part < 0.3) return { signs, afterMs };
  return { signs: 1 + Math.floor(random.fraction() * signs), afterMs: afterMs / 10 };
}

/** A round has at most two troubles of three times each, and each time may end a run. */
const runsMax = 7;

async function runUntilDone(command: Command, what: string): Promise<void> {
  const told: string[] = [];
  for (let run = 0; run < runsMax; run += 1) {
    const { code, stdout, stderr } = await runCommand(command);
    if (code === 0) return;
    told.push(`exit ${code}\n${stdout}\n${stderr}`);
  }
  throw new KillFailure(`${what}, run again and again:\n${told.join('\n')}`);
}

async function onMachine(
  kind: Kind,
  seed: number,
  what: string,
  play: (command: Command) => Promise<Ended>,
): Promise<Ended> {
  const random = createFakeRandom(seed);
  const bytes = fileBytes.min + Math.floor(random.fraction() * fileBytes.more);
  const place = await createPlace();
  const site = await createPullSite(place, { ...kind, bytes }, random);
  const full = `${what} with ${site.troubles.join(', ') || 'no trouble'}`;
  try {
    const { ollama, environment, source } = site;
    const command: Command = {
      ...place,
      ollama,
      environment,
      requests: site.progress,
      arguments: ['apply', '-f', 'models.yaml', '--json'],
    };
    await writeFile(join(place.folder, 'models.yaml'), manifestOf(source));
    const ended = await play(command);
    judgeBytes(place, site, kind, full);
    await mustBeIdle({ ...command, arguments: ['apply', '-f', 'models.yaml'] }, full);
    judgeLeft(place, full);
    return ended;
  } finally {
    await site.end();
    await place.remove();
  }
}

const manifestOf = (source: string): string =>
  `apiVersion: modelctl.dev/v1alpha1\nkind: Model\nmetadata: { name: pulled }\nspec: { source: "${source}" }\n`;

/** Wherever a file stands that is as large as the model, it is the model; somewhere it stands. */
function judgeBytes({ home }: KillPlace, site: PullSite, kind: Kind, what: string): void {
  const { weights, sha256 } = site;
  const found = filesUnder(home).filter((path) => statSync(path).size === weights.length);
  const wrong = found.find((path) => !readFileSync(path).equals(weights));
  if (wrong !== undefined) throw new KillFailure(`${what}: other bytes in ${wrong}`);
  if (kind.engine === 'api') {
    if (site.kept() === null || !Buffer.from(weights).equals(site.kept() ?? weights))
      throw new KillFailure(`${what}: the engine does not have ${sha256}`);
  } else if (found.length === 0) throw new KillFailure(`${what}: ${sha256} is nowhere`);
}

/** Names of what is not done, wherever it is made. */
const unfinished = /partial|\.tmp|[-.]modelctl-/;

function judgeLeft({ home }: KillPlace, what: string): void {
  const left = filesUnder(home)
    .map((path) => path.slice(home.length))
    .filter((path) => unfinished.test(path));
  if (left.length > 0) throw new KillFailure(`${what}: left ${left.join(', ')}`);
  const ledger = new DatabaseSync(join(home, 'state', 'ledger.db'), { readOnly: true });
  const rows = ['transfers', 'drafts'].flatMap((table) =>
    ledger.prepare(`SELECT * FROM ${table}`).all(),
  );
  ledger.close();
  if (rows.length > 0) throw new KillFailure(`${what}: in the journal: ${JSON.stringify(rows)}`);
}

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
