// `kill -9` of the real program at random moments, against a fake Ollama behind a real port and
// against the embedded engine. Whatever was going on, running the same command again must bring
// everything about, fetch nothing twice and leave alone what nobody declared.
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { display } from '../fakes/ollama/name.ts';
import { createFakeOllama, type FakeOllama } from '../fakes/ollama-server.ts';
import { createFakeRandom } from '../fakes/random.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import { type Command, type Ended, type Moment, runCommand } from './processes.ts';

export interface KillCount {
  readonly rounds: number;
  /** Rounds in which the program was still running when the signal came. */
  readonly kills: number;
}

/** More runs than this after a kill would be no recovery. */
const rerunsMax = 2;

const stepDelayMs = 15;
const steps = 4;
const weightsBytes = 4_000_000;

export class KillFailure extends Error {
  override readonly name = 'KillFailure';
}

/** Rounds against the fake Ollama; each has a machine of its own. Throws KillFailure. */
export async function killOnOllama(rounds: number, seed: number): Promise<KillCount> {
  let kills = 0;
  for (let round = 0; round < rounds; round += 1) {
    if (await ollamaRound(seed, round)) kills += 1;
  }
  return { rounds, kills };
}

async function ollamaRound(seed: number, round: number): Promise<boolean> {
  const random = createFakeRandom(seed * 1000 + round);
  const ollama = createFakeOllama({ steps, stepDelayMs, loadDelayMs: 40 });
  const listening = await ollama.start();
  const address = new URL(listening.url).host;
  const place = await createPlace();
  try {
    publish(ollama, address);
    const bystander = `${address}/library/bystander:v1`;
    await ollama.foreign.pull(bystander);
    const command: Command = {
      ...place,
      ollama: address,
      arguments: ['apply', '--prune', '-f', 'models.yaml'],
    };
    const isRollOut = random.fraction() < 0.5;
    if (isRollOut) {
      await writeFile(join(place.folder, 'models.yaml'), ollamaManifests(address, 'v1'));
      await mustEnd(command, 'the first version');
    }
    await writeFile(join(place.folder, 'models.yaml'), ollamaManifests(address, 'v2'));
    ollama.log.length = 0;
    ollama.registry.served.clear();
    const killed = await runCommand(
      command,
      momentOf(random, () => ollama.log.length > 0),
    );
    const what = `round ${round} of seed ${seed} (${isRollOut ? 'roll-out' : 'first apply'})`;
    await recover(command, what);
    checkOllama(ollama, address, what);
    return killed.code === null;
  } finally {
    await listening.stop();
    await rm(place.home, { recursive: true, force: true });
    await rm(place.folder, { recursive: true, force: true });
  }
}

/** Mostly while it acts, sometimes while it starts. */
function momentOf(random: ReturnType<typeof createFakeRandom>, acts: () => boolean): Moment {
  return random.fraction() < 0.1
    ? { from: 'start', afterMs: random.fraction() * 300 }
    : { from: acts, afterMs: random.fraction() * 900 };
}

function publish({ registry }: FakeOllama, address: string): void {
  for (const tag of ['tiny:v1', 'tiny:v2', 'other:v1', 'bystander:v1']) {
    registry.publish(`library/${tag}`, {
      weights: { bytes: weightsBytes, seed: `${address} ${tag}` },
      parameters: { temperature: 0 },
    });
  }
}

const ollamaManifests = (address: string, version: string): string =>
  [
    `{ name: chat }\nspec:\n  source: "ollama://${address}/library/tiny:${version}"\n  derive: { system: be brief }\n  aliases: [gpt]\n  residency: loaded`,
    `{ name: other }\nspec:\n  source: "ollama://${address}/library/other:v1"\n  servedName: other-${version}`,
  ]
    .map((rest) => `apiVersion: modelctl.dev/v1alpha1\nkind: Model\nmetadata: ${rest}\n`)
    .join('---\n');

function checkOllama(ollama: FakeOllama, address: string, what: string): void {
  const names = [...ollama.store.manifests.values()].map(({ name }) => display(name)).toSorted();
  const wanted = [
    `${address}/library/bystander:v1`,
    `${address}/library/other:v1`,
    `${address}/library/tiny:v2`,
    'chat:latest',
    'gpt:latest',
    'other-v2:latest',
  ].toSorted();
  if (names.join(' ') !== wanted.join(' ')) {
    throw new KillFailure(
      `${what}: there are ${names.join(', ')}; wanted are ${wanted.join(', ')}`,
    );
  }
  // What was on its way when the signal came may come again.
  const slack = Math.ceil(weightsBytes / steps);
  for (const [digest, bytes] of ollama.registry.served) {
    const size = ollama.registry.blob(digest)?.size ?? 0;
    if (size === weightsBytes && bytes > size + slack) {
      throw new KillFailure(`${what}: ${digest} was fetched twice: ${bytes} of ${size} bytes`);
    }
  }
  const deleted = ollama.log.filter(
    ({ path, body }) => path === '/api/delete' && body.includes('bystander'),
  );
  if (deleted.length > 0) throw new KillFailure(`${what}: the bystander was touched`);
}

/** Rounds against the embedded engine, one after another on one machine. Throws KillFailure. */
export async function killOnEmbedded(rounds: number, seed: number): Promise<KillCount> {
  const place = await createPlace();
  // Nothing listens there: modelctl takes the engine that it brings along.
  const base: Base = { ...place, ollama: '127.0.0.1:9' };
  let kills = 0;
  try {
    await bringBystander(base);
    for (let round = 0; round < rounds; round += 1) {
      if (await embeddedRound(base, seed, round)) kills += 1;
    }
    return { rounds, kills };
  } finally {
    await runCommand({ ...base, arguments: ['engine', 'stop'] });
    await rm(place.home, { recursive: true, force: true });
    await rm(place.folder, { recursive: true, force: true });
  }
}

type Base = Omit<Command, 'arguments'>;

const bystanderSays = 'still here';

/** A model of another set, which must stay what it is. */
async function bringBystander(base: Base): Promise<void> {
  const folder = join(base.folder, 'of-others');
  await mkdir(folder);
  await writeModel(folder, { name: 'bystander', says: bystanderSays, more: [] });
  await mustEnd({ ...base, folder, arguments: ['apply', '-f', 'models.yaml'] }, 'the bystander');
}

async function embeddedRound(base: Base, seed: number, round: number): Promise<boolean> {
  const random = createFakeRandom(seed * 1000 + 500 + round);
  const what = `embedded round ${round} of seed ${seed}`;
  const says = `this is round ${round}`;
  const more = [
    'aliases: [other-name]',
    'residency: loaded',
    'runtime: { contextLength: 512, threads: 1 }',
  ];
  await writeModel(base.folder, { name: 'changing', says, more });
  const command = { ...base, arguments: ['apply', '--prune', '-f', 'models.yaml'] };
  const killed = await runCommand(command, { from: 'start', afterMs: random.fraction() * 3000 });
  await recover(command, what);
  for (const [name, sentence] of [
    ['changing', says],
    ['other-name', says],
    ['bystander', bystanderSays],
  ]) {
    const answer = await runCommand({ ...base, arguments: ['run', name ?? '', 'hello'] });
    if (answer.stdout.includes(sentence ?? '')) continue;
    throw new KillFailure(
      `${what}: ${name} says ${JSON.stringify(answer.stdout)} ${answer.stderr}`,
    );
  }
  return killed.code === null;
}

interface ModelFile {
  readonly name: string;
  readonly says: string;
  /** Further lines of its spec. */
  readonly more: readonly string[];
}

async function writeModel(folder: string, { name, says, more }: ModelFile): Promise<void> {
  const file = `${says.replaceAll(' ', '-')}.gguf`;
  await writeFile(join(folder, file), tinyGguf({ says, seed: 7 }));
  const spec = [`source: file://./${file}`, `servedName: ${name}`, ...more];
  const lines = [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    `metadata: { name: ${name} }`,
    'spec:',
  ];
  await writeFile(
    join(folder, 'models.yaml'),
    `${[...lines, ...spec.map((line) => `  ${line}`)].join('\n')}\n`,
  );
}

/** The same command again until it has nothing to do. */
async function recover(command: Command, what: string): Promise<void> {
  let last: Ended | null = null;
  for (let reruns = 0; reruns < rerunsMax; reruns += 1) {
    last = await runCommand(command);
    if (last.code === 0) break;
  }
  if (last?.code !== 0)
    throw new KillFailure(`${what}: exit ${last?.code}\n${last?.stdout}\n${last?.stderr}`);
  const idle = await mustEnd(command, `${what}, run again`);
  const lines = idle.stdout.trim().split('\n');
  if (lines.length !== 1)
    throw new KillFailure(`${what}: has more to do\n${idle.stdout}\n${idle.stderr}`);
}

async function mustEnd(command: Command, what: string): Promise<Ended> {
  const ended = await runCommand(command);
  if (ended.code === 0) return ended;
  throw new KillFailure(`${what}: exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
}

async function createPlace(): Promise<{ readonly folder: string; readonly home: string }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-kill-')));
  const place = { folder: join(root, 'work'), home: join(root, 'home') };
  await mkdir(place.folder);
  return place;
}
