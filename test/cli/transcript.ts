// Replays a transcript: a Markdown file with manifests to write and commands to type, each with its
// output and exit code. Commands run as processes on the built program, in a folder and a home of
// their own, next to a fake Ollama. What differs from run to run (paths, ports, times, random ids)
// is written as a word in angle brackets.
//
//   ```yaml models.yaml      writes the file; <ollama> in it is the fake's address
//   ```console               `$ modelctl …` is typed; lines with `! ` are stderr; `[exit 2]` the code
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFakeOllama, type FakeOllama } from '../fakes/ollama-server.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Place {
  readonly folder: string;
  readonly home: string;
  readonly ollama: FakeOllama;
  /** `127.0.0.1:12345`. */
  readonly address: string;
  /** Ends the fake; may be called more than once. */
  readonly stop: () => Promise<void>;
}

/** The transcript with the outputs of this run in place of the written ones. */
export async function replay(text: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'modelctl-transcript-')));
  const ollama = createFakeOllama();
  const listening = await ollama.start();
  const address = new URL(listening.url).host;
  const place: Place = {
    folder: join(folder, 'work'),
    home: join(folder, 'home'),
    ollama,
    address,
    stop: listening.stop,
  };
  await mkdir(place.folder, { recursive: true });
  publish(ollama);
  try {
    const blocks = text.split(/^(```[^\n]*\n[\s\S]*?^```$)/m);
    const replayed: string[] = [];
    for (const block of blocks) replayed.push(await replayBlock(block, place));
    return replayed.join('');
  } finally {
    await listening.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the registry offers. */
function publish({ registry }: FakeOllama): void {
  registry.publish('library/tiny:v1', { weights: 'tiny one '.padEnd(224_672, '.') });
  registry.publish('library/tiny:v2', { weights: 'tiny two '.padEnd(224_672, '.') });
  registry.publish('library/other:latest', { weights: 'other '.padEnd(1_500_000, '.') });
}

async function replayBlock(block: string, place: Place): Promise<string> {
  const [, info = '', body = ''] = /^```([^\n]*)\n([\s\S]*?)^```$/m.exec(block) ?? [];
  const [language, file] = info.split(' ');
  if (language === 'console') return replayConsole(body, place);
  if (file !== undefined) {
    const path = join(place.folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body.replaceAll('<ollama>', place.address));
  }
  return block;
}

async function replayConsole(body: string, place: Place): Promise<string> {
  const commands = body.split('\n').filter((line) => line.startsWith('$ '));
  const parts: string[] = [];
  for (const command of commands)
    parts.push(`${command}\n${await runLine(command.slice(2), place)}`);
  return `\`\`\`console\n${parts.join('\n')}\`\`\``;
}

/** One line of a shell that knows words, quotes, `<<<`, and nothing else. */
async function runLine(line: string, place: Place): Promise<string> {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
  const at = words.indexOf('<<<');
  const stdin = at < 0 ? '' : `${words[at + 1] ?? ''}\n`;
  const [name, ...given] = at < 0 ? words : words.slice(0, at);
  if (name !== 'modelctl' && name !== 'ollama') throw new Error(`"${name}" cannot be typed here`);
  if (name === 'ollama') return foreign(given, place);
  const { code, stdout, stderr } = await runModelctl(given, { place, stdin });
  const told = stderr.split('\n').map((one) => (one === '' ? '' : `! ${one}`));
  const lines = [told.join('\n').trimEnd(), stdout.trimEnd(), code === 0 ? '' : `[exit ${code}]`];
  const shown = lines.filter((one) => one !== '').join('\n');
  return shown === '' ? '' : `${withoutChance(shown, place)}\n`;
}

/**
 * Somebody else at the same engine: `ollama rm NAME`, `ollama pull NAME`, `ollama stop`; or at its
 * registry: `ollama push NAME` gives a tag other weights.
 */
async function foreign([verb, name = '']: readonly string[], place: Place): Promise<string> {
  const full = name.replace('<ollama>', place.address);
  if (verb === 'rm') place.ollama.foreign.remove(full);
  else if (verb === 'pull') await place.ollama.foreign.pull(full);
  else if (verb === 'stop') await place.stop();
  else if (verb === 'push')
    place.ollama.registry.publish(name, { weights: { bytes: 224_672, seed: `${name} again` } });
  else throw new Error(`ollama ${verb} cannot be typed here`);
  return '';
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly place: Pick<Place, 'folder' | 'home' | 'address'>;
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the built program to its end. */
export function runModelctl(given: readonly string[], options: RunOptions): Promise<Ended> {
  const { place, stdin = '', environment = {} } = options;
  const child = spawn(
    process.execPath,
    [program, ...given.map((word) => word.replace('<ollama>', place.address))],
    {
      cwd: place.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: place.home,
        MODELCTL_HOME: place.home,
        OLLAMA_HOST: place.address,
        USER: 'tester',
        TZ: 'UTC',
        ...environment,
      },
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

function withoutChance(text: string, { folder, home, address }: Place): string {
  return (
    text
      // In how many pieces bytes arrive is the network's business.
      .replace(/^(?:! )?(?:pull|create) .*: [1-9]0% of .*\n/gm, '')
      // So is how fast the last of them came, which is told of what takes long.
      .replace(/^((?:! )?(?:pull|create) .*: 100% of [^,\n]+), .*\/s$/gm, '$1')
      .replaceAll(folder, '<folder>')
      .replaceAll(home, '<home>')
      .replaceAll(address, '<ollama>')
      .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}Z)?/g, '<when>')
      .replace(/(?<=[ (]|in )(\d+ms|\d+\.\ds)\b/g, '<time>')
      .replace(/"durationMs": ?\d+/g, '"durationMs": <time>')
      // Hashes of what has the fake's port in it.
      .replace(/"(revision|fingerprint)": ?"sha256:[0-9a-f]{64}"/g, '"$1": "<hash>"')
      .replace(/\b[0-9a-f]{32}\b|\b[0-9a-f]{8}\b(?!-)/g, '<set>')
      .replace(/(?<=for )\dm\d\ds\b/g, '<time>')
      .split('\n')
      .map((line) => (isChanceWide(line) ? line.replace(/(?<=[^!\s]) {3,}(?=\S)/g, '   ') : line))
      .join('\n')
      .replace(/^modelctl \d+\.\d+\.\d+$/gm, 'modelctl <version>')
      .replace(/"modelctl": ?"[^"]+"/g, '"modelctl": "<version>"')
  );
}

/** Columns are as wide as what stands in them: rows with words for chance, and their headings. */
const isChanceWide = (line: string): boolean =>
  /<(time|when|set|ollama)>/.test(line) || /^[A-Z ]+$/.test(line);
