// A fake Ollama as a process of its own, as a user's is: it holds so many models, and is also the
// registry that they come from. Prints its address once it is ready, and ends with its parent.
import { createFakeOllama } from '../fakes/ollama-server.ts';

const models = Number(process.argv[2]);
const fake = createFakeOllama();
const { url } = await fake.start(0);
const host = new URL(url).host;
for (let index = 0; index < models; index += 1) {
  const name = `library/model-${index}:latest`;
  fake.registry.publish(name, { weights: { bytes: 4_000_000_000, seed: name } });
  await fake.foreign.pull(`${host}/${name}`);
}
process.stdout.write(`${url}\n`);
process.stdin.resume().on('end', () => process.exit(0));
