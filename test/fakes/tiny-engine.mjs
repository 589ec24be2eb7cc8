// The shortest engine that a supervisor can look after: a server that answers the questions of an empty
// Ollama, says with what it was started, and does on request what engines do that fail. Plain
// JavaScript, since it is started as the program that it stands in for.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const { env } = process;
const [host, port] = (env.OLLAMA_HOST ?? '127.0.0.1:11434').split(':');

if (env.TINY_ENGINE === 'refuses') {
  console.error(`cannot run with the token ${env.TINY_TOKEN ?? 'none'}`);
  process.exit(7);
}

const answers = {
  '/api/version': () => ({ version: '0.0.1' }),
  '/api/tags': () => ({ models: [] }),
  '/api/ps': () => ({ models: [] }),
  '/environment': () => env,
  '/pid': () => ({ pid: process.pid }),
  // A child that does not end with the engine unless its whole group is ended.
  '/child': () => ({ pid: spawn('sleep', ['1000'], { stdio: 'ignore' }).pid }),
  '/say': () => {
    console.log('x'.repeat(1024 * 1024));
    return {};
  },
  '/stubborn': () => {
    process.on('SIGTERM', () => undefined);
    return {};
  },
};

createServer((request, response) => {
  const answer = answers[request.url ?? ''];
  response.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(answer?.() ?? {}));
})
  .on('error', (error) => {
    console.error(`cannot listen: ${error.message}`);
    process.exit(1);
  })
  .listen(Number(port), host, () => console.log(`listening on ${host}:${port}`));
