import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

/** `npm run demo`, without its build: all of it has just been built for the tests. */
describe('the demo', () => {
  let temporary: string;
  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'fluxrate-demo-test-'));
    await chmod(temporary, 0o711);
  });
  afterAll(() => rm(temporary, { recursive: true, force: true }));

  it('plays, prints what was billed in 100 columns, and leaves nothing behind', async () => {
    const { stdout, stderr } = await run(process.execPath, ['dist/examples/flights/demo.js'], {
      env: { ...process.env, DEMO_EXIT: '1', TMPDIR: temporary },
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('60,000 events, 6,000 of them sent twice and counted once');
    expect(stdout).toMatch(/^Together +220 +660 /m);
    expect(stdout).toContain('Invoice INV-2001-');
    expect(stdout.split('\n').filter((line) => [...line].length > 100)).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
  }, 180_000);
});
