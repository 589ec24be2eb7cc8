// The real ports as a program meets them: what loading them costs, and that nothing of theirs
// keeps a finished program alive.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createNodeIo } from '../../src/io/node.ts';

const sourceUrl = pathToFileURL(join(import.meta.dirname, '../../src/io/node.ts')).href;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function runProgram(source: string, input?: string): Promise<Ended> {
  const program = `import { createNodeIo } from ${JSON.stringify(sourceUrl)};
    const io = createNodeIo(); ${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const loadedOf = (names: readonly string[]): string =>
  `console.log(JSON.stringify(${JSON.stringify(names)}.filter((name) =>
     process.moduleLoadList.some((loaded) => loaded.endsWith(' ' + name)))));`;

describe('the real ports', () => {
  it('load neither HTTP nor processes before they are used', async () => {
    const { output } = await runProgram(loadedOf(['http', 'https', 'child_process', 'sqlite']));
    expect(JSON.parse(output)).toEqual([]);
  });

  it('load the plain client only, for a plain request, and end with the work', async () => {
    const server = createServer((_, response) => response.end('{}'));
    // Long enough that a program which waits for it would run into the test's timeout.
    server.keepAliveTimeout = 3_600_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, output } = await runProgram(`
      for (let request = 0; request < 3; request += 1) {
        const { body } = await io.http.request({
          method: 'GET', url: 'http://127.0.0.1:${port}/', timeoutMs: 3_600_000,
          signal: new AbortController().signal,
        });
        for await (const _ of body);
      }
      ${loadedOf(['http', 'https', 'internal/deps/undici/undici', 'child_process'])}`);
    server.closeAllConnections();
    server.close();
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual(['http']);
  });

  it('end with the work over the web too, whatever connects in vain', async () => {
    const silent = createServer(() => undefined);
    silent.on('connect', () => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const { code, output } = await runProgram(`
      const controller = new AbortController();
      const asking = io.web.request({
        method: 'GET', url: 'https://models.example/', timeoutMs: 3_600_000,
        connection: { proxy: 'http://127.0.0.1:${port}' }, signal: controller.signal,
      });
      setTimeout(() => controller.abort(new Error('enough')), 200);
      await asking.catch((error) => console.log(error.message));
      ${loadedOf(['internal/deps/undici/undici', 'child_process'])}`);
    silent.closeAllConnections();
    silent.close();
    expect(code).toBe(0);
    expect(output).toBe('enough\n[]\n');
  });

  it('read standard input up to a limit', async () => {
    const read = `try {
      console.log(new TextDecoder().decode(await io.files.readStdin(20)));
    } catch (error) { console.log(error.code); }`;
    expect((await runProgram(read, 'kind: Model')).output.trim()).toBe('kind: Model');
    expect((await runProgram(read, 'x'.repeat(1_000_000))).output.trim()).toBe(
      'ERR_FS_FILE_TOO_LARGE',
    );
  });

  it('tell a folder that was removed from under the program, and a way out', async () => {
    const { output } = await runProgram(`
      const { mkdtempSync, rmdirSync } = await import('node:fs');
      const { tmpdir } = await import('node:os');
      const folder = mkdtempSync(tmpdir() + '/modelctl-gone-');
      process.chdir(folder);
      rmdirSync(folder);
      try { io.environment.workingFolder; } catch (error) { console.log(error.problem.code); }`);
    expect(output.trim()).toBe('environment/no-working-folder');
  });

  it('wait as long as they are told, and no longer than they may', async () => {
    const { clock } = createNodeIo();
    const before = clock.now();
    await clock.sleep(20);
    // Timers may fire a little early by the wall clock.
    expect(clock.now() - before).toBeGreaterThanOrEqual(18);
    const controller = new AbortController();
    const reason = new Error('enough');
    const month = clock.sleep(31 * 24 * 3_600_000, controller.signal);
    await clock.sleep(5);
    controller.abort(reason);
    await expect(month).rejects.toBe(reason);
    await expect(clock.sleep(0, controller.signal)).rejects.toBe(reason);
  });

  it('draw fractions below one and hex of the length asked for', () => {
    const { random } = createNodeIo();
    for (let draw = 0; draw < 1000; draw += 1) {
      const fraction = random.fraction();
      expect(fraction).toBeGreaterThanOrEqual(0);
      expect(fraction).toBeLessThan(1);
    }
    expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(random.hex(16)).not.toBe(random.hex(16));
  });
});
