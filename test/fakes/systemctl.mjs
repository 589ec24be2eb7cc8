// A systemctl and a systemd of one unit, for one user: it reads the drop-ins of the unit as systemd does
// when it is told to reload, and starts the tiny engine with what it read then. State is in a folder, as
// files. Plain JavaScript, since it is run as a program.
import { spawn } from 'node:child_process';
import { existsSync, globSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const folder = process.env.FAKE_SYSTEMD;
const given = process.argv.slice(2).filter((word) => !/^--(user|no-ask-password)$/.test(word));
const [verb, unit = ''] = given;
const file = (name) => join(folder, name);
const read = (name) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');
writeFileSync(file('calls'), `${read('calls')}${process.argv.slice(2).join(' ')}\n`);

/** systemd.syntax(7): C escapes between the quotes, and doubled percent signs. */
const unquote = (text) =>
  text.replaceAll('%%', '%').replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_all, one) => {
    const control = { n: '\n', t: '\t', r: '\r' }[one];
    if (one.length === 3) return String.fromCharCode(Number.parseInt(one.slice(1), 16));
    return control ?? one;
  });

/** systemd.exec(5), EnvironmentFile: as between a shell's double quotes. */
const unquoteShell = (text) => text.replaceAll(/\\(["\\`$])/g, '$1');

function load() {
  const variables = {};
  const path = join(process.env.XDG_CONFIG_HOME, 'systemd/user', `${read('unit')}.d/*.conf`);
  for (const name of globSync(path).sort()) {
    for (const line of readFileSync(name, 'utf8').split('\n')) {
      const [, key, value] = /^Environment="([^=]+)=(.*)"$/.exec(line) ?? [];
      if (key !== undefined) variables[key] = unquote(value);
      const [, secrets] = /^EnvironmentFile=(.*)$/.exec(line) ?? [];
      if (secrets === undefined) continue;
      for (const pair of readFileSync(secrets.replaceAll('%%', '%'), 'utf8').trim().split('\n')) {
        const [, secret, text] = /^(\w+)="(.*)"$/.exec(pair) ?? [];
        variables[secret] = unquoteShell(text);
      }
    }
  }
  writeFileSync(file('loaded'), JSON.stringify(variables));
}

const isAlive = (pid) => {
  try {
    return (
      pid > 1 &&
      process.kill(pid, 0) &&
      !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    );
  } catch {
    return false;
  }
};

async function stop() {
  const pid = Number(read('pid'));
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  while (isAlive(pid)) await sleep(20);
}

if (verb === 'daemon-reload') load();
else if (verb === 'stop') await stop();
else if (verb === 'restart') {
  if (unit !== read('unit')) {
    console.error(`Unit ${unit} not found.`);
    process.exit(5);
  }
  await stop();
  const log = openSync(file('journal'), 'a');
  const program = fileURLToPath(new URL('tiny-engine.mjs', import.meta.url));
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env.PATH,
      OLLAMA_HOST: read('host'),
      ...JSON.parse(read('loaded') || '{}'),
    },
  });
  child.unref();
  writeFileSync(file('pid'), String(child.pid));
  await sleep(300); // a unit that ends at once has ended by now
} else if (verb === 'show') {
  const pid = Number(read('pid'));
  const known = unit === read('unit');
  const active = isAlive(pid) ? 'active' : read('pid') === '' ? 'inactive' : 'failed';
  console.log(`LoadState=${known ? 'loaded' : 'not-found'}`);
  console.log(`ActiveState=${known ? active : 'inactive'}`);
  console.log(`MainPID=${known && isAlive(pid) ? pid : 0}`);
} else process.exit(1);
