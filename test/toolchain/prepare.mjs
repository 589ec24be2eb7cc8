// Runs at the end of `npm ci`. Plain JavaScript, so that a Node that is too old gets a sentence.

const major = Number(process.versions.node.split('.')[0]);

if (major < 24) {
  console.error(
    `modelctl is built with Node 24 or newer; this is ${process.version}. ` +
      'Where npm offers no Node for your platform (see test/toolchain/package.json), install one.',
  );
  process.exitCode = 1;
} else {
  const { buildAll } = await import('./build.ts');
  await buildAll();
}
