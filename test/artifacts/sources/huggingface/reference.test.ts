import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { huggingFaceSource } from '../../../../src/artifacts/sources/huggingface/index.ts';
import { matching, problemOf, valueOf } from '../../world.ts';

const { canonicalize } = huggingFaceSource;
const commit = '0123456789abcdef0123456789abcdef01234567';

describe('the one spelling of a reference', () => {
  it.each([
    ['hf://org/repo', 'hf://org/repo@main'],
    ['HF://Org/Repo-GGUF@main', 'hf://Org/Repo-GGUF@main'],
    ['hf://org/repo:q4_k_m', 'hf://org/repo:Q4_K_M@main'],
    ['hf://org/repo:ud-q4_k_xl@v1.0', 'hf://org/repo:UD-Q4_K_XL@v1.0'],
    ['hf://org/repo@refs/pr/1', 'hf://org/repo@refs/pr/1'],
    [`hf://org/repo@${commit.toUpperCase()}`, `hf://org/repo@${commit}`],
    ['hf://org/repo/m-Q4_K_M.gguf', 'hf://org/repo/m-Q4_K_M.gguf@main'],
    ['hf://org/repo/Q4/my%20model.gguf@dev', 'hf://org/repo/Q4/my%20model.gguf@dev'],
    ['hf://org/repo/a%40b%23%3F%25.gguf', 'hf://org/repo/a%40b%23%3F%25.gguf@main'],
    ['hf://org/repo/%6d.gguf', 'hf://org/repo/m.gguf@main'],
    ['hf://org/repo/resolve/x.gguf@main', 'hf://org/repo/resolve/x.gguf@main'],
    ['hf://_org/1.5-repo_x', 'hf://_org/1.5-repo_x@main'],
  ])('%s is %s', (reference, canonical) => {
    expect(valueOf(canonicalize(reference))).toBe(canonical);
    expect(valueOf(canonicalize(canonical))).toBe(canonical);
  });

  it.each([
    ['hf://', /owner and repository/],
    ['hf://gpt2', /openai-community\/gpt2/],
    ['hf://org/', /owner and repository/],
    ['hf:///repo', /Copy owner and name/],
    ['hf://org/../repo', /Copy owner and name/],
    ['hf://org/re--po', /Copy owner and name/],
    ['hf://org/re..po', /Copy owner and name/],
    ['hf://org/repo.git', /Copy owner and name/],
    ['hf://-org/repo', /Copy owner and name/],
    [`hf://org/${'x'.repeat(93)}`, /Copy owner and name/],
    [`hf://org/repo/${'x/'.repeat(600)}x`, /hf:\/\/org\/repo/],
    ['hf://org/repo/', /Copy the path/],
    ['hf://org/repo//x.gguf', /Copy the path/],
    ['hf://org/repo/../x.gguf', /Copy the path/],
    ['hf://org/repo/%2e%2e/x.gguf', /Copy the path/],
    ['hf://org/repo/a%2Fb.gguf', /Copy the path/],
    ['hf://org/repo/a%00.gguf', /Copy the path/],
    ['hf://org/repo/a%5Cb.gguf', /Copy the path/],
    ['hf://org/repo/C%3A/x.gguf', /Copy the path/],
    ['hf://org/repo/a%E2%80%AEfgug.gguf', /Copy the path/],
    ['hf://org/repo/50%.gguf', /%25/],
    ['hf://org/repo/my model.gguf', /%20/],
    ['hf://org/repo\u0007', /%20/],
    ['hf://org/repo\\x.gguf', /%20/],
    ['hf://org/repo/x.gguf?download=true', /%3F and %23/],
    ['hf://org/repo#sha256=abc', /%3F and %23/],
    ['hf://org/repo:', /:Q4_K_M/],
    ['hf://org/repo:Q4_K_M/x.gguf', /:Q4_K_M/],
    ['hf://org/repo/x.gguf:Q4_K_M', /Name one of the two/],
    ['hf://org/repo:x.gguf', /Write \/file/],
    ['hf://org/repo@', /branch, a tag/],
    ['hf://org/repo@a..b', /branch, a tag/],
    ['hf://org/repo@/a', /branch, a tag/],
    ['hf://org/repo@a/', /branch, a tag/],
    ['hf://org/repo@a@b', /branch, a tag/],
    [`hf://org/repo@${'a'.repeat(300)}`, /branch, a tag/],
    ['hf://org/repo@refs%2Fpr%2F1', /refs\/pr\/1/],
    ['hf://org/repo@main:Q4_K_M', /revision comes last/],
    ['hf://huggingface.co/org/repo', /Leave the host out/],
    ['hf://hf.co/org/repo:Q4_K_M', /Leave the host out/],
    ['hf://org/repo/resolve/main/x.gguf', /hf:\/\/org\/repo\/x\.gguf@main/],
    ['hf://org/repo/blob/refs%2Fpr%2F1/a/x.gguf', /hf:\/\/org\/repo\/a\/x\.gguf@refs\/pr\/1/],
    ['hf://org/repo/tree/dev', /hf:\/\/org\/repo@dev/],
  ])('%j is refused with what to write instead', (reference, remedy) => {
    expect(problemOf(canonicalize(reference))).toMatchObject({
      code: 'source/invalid',
      retry: 'never',
      remedy: matching(remedy),
    });
  });

  it('is refused without being repeated when it may hold a password', () => {
    const problem = problemOf(canonicalize('hf://me:hunter2@huggingface.co/a/b'));
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('is one that it leads back to, or a problem, whatever is written', () => {
    const piece = fc.oneof(
      fc.constantFrom('org', 'repo', '/', ':', '@', '%', '..', 'Q4_K_M', 'x.gguf', '%2F', 'main'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const canonical = canonicalize(`hf://${pieces.join('')}`);
        if (!canonical.ok) return;
        expect(valueOf(canonicalize(canonical.value))).toBe(canonical.value);
        expect(canonical.value).toMatch(/^hf:\/\/[!-~]+@[!-~]+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
