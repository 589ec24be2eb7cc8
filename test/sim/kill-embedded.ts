// Rounds of `kill -9` with the embedded engine, one after another on one machine: each time the
// model under two names becomes another file, which a web server sends in small pieces. In the end
// the model must answer what is in the file, and so must one of another set that stands beside it.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Text } from '../../src/core/hash.ts';
import { createFakeRandom } from '../fakes/random.ts';
import { createRegistry as createWebServer, type FakeRegistry } from '../fakes/registry-server.ts';
import { tinyGguf } from '../fakes/tiny-gguf.mjs';
import {
  createAim,
  createPlace,
  type KillCount,
  KillFailure,
  killTimes,
  mustBeIdle,
  mustEnd,
  rerun,
} from './kill.ts';
import { type Command, createSigns, type Ended, runCommand } from './processes.ts';

interface Site {
  /** Without arguments. */
  readonly command: Command;
  readonly web: FakeRegistry;
  readonly origin: string;
}

const pieceBytes = 32 * 1024;
const pieceDelayMs = 4;
/** Widths of the model, so that its file takes more than a moment to arrive. */
const size = { embd: 256, ffn: 512 } as const;

/** Throws KillFailure. */
export async function killOnEmbedded(kills: number, seed: number): Promise<KillCount> {
  const web = createWebServer();
  web.add({ on: /^GET/, times: Number.POSITIVE_INFINITY, pieceBytes, pieceDelayMs });
  const served = await web.listen();
  const place = await createPlace();
  // Nothing listens there: modelctl takes the engine that it brings along.
  const command = { ...place, ollama: '127.0.0.1:9', requests: createSigns(), arguments: [] };
  const site: Site = { command, web, origin: served.origin };
  try {
    await bringBystander(site);
    const aim = createAim();
    const whole = await playRound(site, 'a rehearsal', (apply) => mustEnd(apply, 'a rehearsal'));
    aim.learn(whole);
    return await killTimes(kills, async (round) => {
      const random = createFakeRandom(seed * 1000 + 500 + round);
      const what = `embedded round ${round} of seed ${seed}`;
      const ended = await playRound(site, what, (apply) => runCommand(apply, aim.next(random)));
      if (ended.code !== null) aim.learn(ended);
      return ended;
    });
  } finally {
    await runCommand(withArguments(command, 'engine', 'stop'));
    await served.close();
    await place.remove();
  }
}

const withArguments = (command: Command, ...given: readonly string[]): Command => ({
  ...command,
  arguments: given,
});

const bystanderSays = 'still here';

/** A model of another set, which must stay what it is. */
async function bringBystander({ command }: Site): Promise<void> {
  const folder = join(command.folder, 'of-others');
  await mkdir(folder);
  await writeFile(join(folder, 'bystander.gguf'), tinyGguf({ says: bystanderSays, seed: 7 }));
  const lines = ['source: file://./bystander.gguf', 'residency: loaded'];
  await declare(folder, 'bystander', lines);
  const apply = withArguments({ ...command, folder }, 'apply', '-f', 'models.yaml');
  await mustEnd(apply, 'the bystander');
}

async function declare(folder: string, name: string, spec: readonly string[]): Promise<void> {
  const lines = [
    'apiVersion: modelctl.dev/v1alpha1',
    'kind: Model',
    `metadata: { name: ${name} }`,
    'spec:',
    ...spec.map((line) => `  ${line}`),
  ];
  await writeFile(join(folder, 'models.yaml'), `${lines.join('\n')}\n`);
}

async function playRound(
  site: Site,
  what: string,
  run: (apply: Command) => Promise<Ended>,
): Promise<Ended> {
  const { command, web, origin } = site;
  const says = `this is ${what.replaceAll(' ', '-')} .`;
  const file = tinyGguf({ says, seed: 7, ...size });
  const path = `/files/${sha256Text(says).slice(-8)}.gguf`;
  web.files.set(path.slice('/files/'.length), file);
  web.sent.clear();
  await declare(command.folder, 'changing', [
    `source: "${origin}${path}#${sha256Text(file).replace(':', '=')}"`,
    'servedName: changing',
    'aliases: [other-name]',
    'residency: loaded',
    'runtime: { contextLength: 512, threads: 1 }',
  ]);
  const apply = withArguments(command, 'apply', '--prune', '-f', 'models.yaml');
  const ended = await run({ ...apply, arguments: [...apply.arguments, '--json'] });
  if (ended.code === null) await rerun(apply, what);
  await mustBeIdle(apply, what);
  judgeFetched(web, path, file.length, what);
  await mustAnswer(command, { changing: says, 'other-name': says, bystander: bystanderSays }, what);
  return ended;
}

/**
 * What may come again: the header, which is read to resolve a file as long as no lock was written,
 * and what was on its way when the signal came.
 */
const slackBytes = 512 * 1024;

function judgeFetched(web: FakeRegistry, path: string, bytes: number, what: string): void {
  const sent = web.sent.get(path) ?? 0;
  if (sent < bytes || sent > bytes + slackBytes)
    throw new KillFailure(`${what}: ${sent} bytes were sent of a file of ${bytes}`);
}

async function mustAnswer(
  command: Command,
  answers: Readonly<Record<string, string>>,
  what: string,
): Promise<void> {
  for (const [name, sentence] of Object.entries(answers)) {
    const { stdout, stderr } = await runCommand(withArguments(command, 'run', name, 'hello'));
    if (stdout.includes(sentence)) continue;
    throw new KillFailure(`${what}: ${name} says ${JSON.stringify(stdout)} ${stderr}`);
  }
}
