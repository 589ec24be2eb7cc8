import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ociSource } from '../../../src/artifacts/sources/oci/index.ts';
import { originOf, parseOciReference } from '../../../src/artifacts/sources/oci/reference.ts';
import { matching, problemOf, valueOf } from '../world.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const { canonicalize } = ociSource;

describe('the one spelling of a reference', () => {
  it.each([
    ['oci://ghcr.io/org/model', 'oci://ghcr.io/org/model:latest'],
    ['OCI://GHCR.io/org/model:V1', 'oci://ghcr.io/org/model:V1'],
    ['oci://ghcr.io:443/org/model:v1', 'oci://ghcr.io/org/model:v1'],
    ['oci://localhost:5000/model', 'oci://localhost:5000/model:latest'],
    ['oci://localhost/model', 'oci://localhost/model:latest'],
    ['oci://127.0.0.1:80/model', 'oci://127.0.0.1/model:latest'],
    ['oci://[::1]:5000/a/b/c', 'oci://[::1]:5000/a/b/c:latest'],
    [`oci://ghcr.io/org/model@${digest}`, `oci://ghcr.io/org/model@${digest}`],
    [`oci://ghcr.io/org/model:v1@${digest}`, `oci://ghcr.io/org/model:v1@${digest}`],
    ['oci://docker.io/ai/smollm2', 'oci://docker.io/ai/smollm2:latest'],
    ['oci://docker.io/smollm2', 'oci://docker.io/library/smollm2:latest'],
    ['oci://index.docker.io/ai/smollm2', 'oci://docker.io/ai/smollm2:latest'],
    ['oci://registry-1.docker.io:443/smollm2', 'oci://docker.io/library/smollm2:latest'],
    ['oci://docker.io:5000/ai/smollm2', 'oci://docker.io:5000/ai/smollm2:latest'],
  ])('%s is %s', (reference, canonical) => {
    expect(valueOf(canonicalize(reference))).toBe(canonical);
    expect(valueOf(canonicalize(canonical))).toBe(canonical);
  });

  it.each([
    ['oci://', /oci:\/\/host/],
    ['oci://ghcr.io', /oci:\/\/host/],
    ['oci://ghcr.io/', /oci:\/\/host/],
    ['oci://ghcr.io//model', /oci:\/\/host/],
    ['oci://ghcr.io/org/../model', /oci:\/\/host/],
    ['oci://ghcr.io/org/Model:v1', /did you mean oci:\/\/ghcr\.io\/org\/model:v1\?/],
    ['oci://ai/smollm2:v1', /Did you mean oci:\/\/docker\.io\/ai\/smollm2:v1\?/],
    ['oci://ghcr.io/org/model:', /oci:\/\/host/],
    [`oci://ghcr.io/org/model:${'v'.repeat(129)}`, /oci:\/\/host/],
    [`oci://ghcr.io/${'m'.repeat(256)}`, /oci:\/\/host/],
    ['oci://ghcr.io/org/model@sha256:abc', /oci:\/\/host/],
    [`oci://ghcr.io/org/model@sha512:${'ab'.repeat(64)}`, /oci:\/\/host/],
    ['oci://ghcr.io/org/model?x=1', /oci:\/\/host/],
    ['oci://ghcr.io/org/model#x', /oci:\/\/host/],
    ['oci://ghcr.io/org/mo del', /oci:\/\/host/],
    ['oci://ghcr.io/org/model\u0000', /oci:\/\/host/],
    ['oci://127.1/model', /oci:\/\/host/],
    ['oci://0x7f.0.0.1/model', /oci:\/\/host/],
    ['oci://1.2.3.999/model', /oci:\/\/host/],
    ['oci://ghcr.io:0/model', /oci:\/\/host/],
    ['oci://ghcr.io:99999/model', /oci:\/\/host/],
    ['oci://-ghcr.io/model', /oci:\/\/host/],
  ])('%j is refused with what to write', (reference, remedy) => {
    expect(problemOf(canonicalize(reference))).toMatchObject({
      code: 'source/invalid',
      remedy: matching(remedy),
    });
  });

  it('is refused without being repeated when it may hold a password', () => {
    const problem = problemOf(canonicalize('oci://me:hunter2@ghcr.io/org/model'));
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('is its own canonical form, for whatever the grammar allows', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const part = fc
      .array(fc.tuple(word, fc.constantFrom('.', '_', '__', '-', '---')), { maxLength: 3 })
      .chain((pairs) => word.map((last) => `${pairs.flat().join('')}${last}`));
    const reference = fc.record({
      host: fc.constantFrom('ghcr.io', 'localhost:5000', 'registry.example.com:8443', 'docker.io'),
      name: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/)),
      pin: fc.boolean(),
    });
    fc.assert(
      fc.property(reference, ({ host, name, tag, pin }) => {
        const text = `oci://${host}/${name}${tag === null ? '' : `:${tag}`}${pin ? `@${digest}` : ''}`;
        const canonical = valueOf(canonicalize(text));
        expect(valueOf(canonicalize(canonical))).toBe(canonical);
        expect(valueOf(parseOciReference(canonical))).toEqual(valueOf(parseOciReference(text)));
      }),
    );
  });

  it('is refused or its own canonical form, for any text at all', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]%\\ -]{0,60}$/));
    fc.assert(
      fc.property(text, (rest) => {
        const answer = canonicalize(`oci://${rest}`);
        if (!answer.ok) return;
        expect(answer.value).toMatch(
          /^oci:\/\/[a-z0-9.:[\]-]+(\/[a-z0-9._-]+)+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/,
        );
        expect(valueOf(canonicalize(answer.value))).toBe(answer.value);
      }),
    );
  });
});

describe('the address of a registry', () => {
  it.each([
    ['oci://ghcr.io/x', 'https://ghcr.io'],
    ['oci://docker.io/x', 'https://registry-1.docker.io'],
    ['oci://localhost:5000/x', 'http://localhost:5000'],
    ['oci://127.0.0.1:5000/x', 'http://127.0.0.1:5000'],
    ['oci://[::1]:5000/x', 'http://[::1]:5000'],
    ['oci://10.0.0.1:5000/x', 'https://10.0.0.1:5000'],
  ])('of %s is %s', (reference, origin) => {
    expect(originOf(valueOf(parseOciReference(reference))).origin).toBe(origin);
  });
});
