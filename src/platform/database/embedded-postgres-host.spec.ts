import { describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canReach, chooseAccount, permits, placeCluster } from './embedded-postgres-host.js';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\n';

describe('the account of a server that root starts', () => {
  it('is postgres, else nobody, else there is no start', () => {
    expect(chooseAccount(`${PASSWD}postgres:x:101:104::/:/bin/sh\n`)).toEqual({ name: 'postgres', uid: 101, gid: 104 });
    expect(chooseAccount(PASSWD)).toEqual({ name: 'nobody', uid: 65534, gid: 65533 });
    expect(() => chooseAccount('root:x:0:0:root:/root:/bin/sh\n')).toThrow(/neither an account "postgres" nor "nobody"/);
  });

  it('may do what the owner, group or other bits say, the first that fits', () => {
    const account = { name: 'a', uid: 5, gid: 6 };
    expect(permits(account, { uid: 5, gid: 0, mode: 0o100 }, 1)).toBe(true);
    expect(permits(account, { uid: 5, gid: 6, mode: 0o011 }, 1)).toBe(false);
    expect(permits(account, { uid: 0, gid: 6, mode: 0o050 }, 5)).toBe(true);
    expect(permits(account, { uid: 0, gid: 0, mode: 0o704 }, 5)).toBe(false);
    expect(permits(account, { uid: 0, gid: 0, mode: 0o705 }, 5)).toBe(true);
  });

  it('cannot reach what lies behind a closed directory', async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'fluxrate-host-')));
    chmodSync(root, 0o755);
    const closed = join(root, 'closed');
    mkdirSync(closed);
    mkdirSync(join(closed, 'inner'), { mode: 0o755 });
    chmodSync(closed, 0o700);
    expect(await canReach({ name: 'a', uid: 54_321, gid: 54_321 }, join(closed, 'inner'), 1)).toBe(false);
    chmodSync(closed, 0o711);
    expect(await canReach({ name: 'a', uid: 54_321, gid: 54_321 }, join(closed, 'inner'), 1)).toBe(true);
    rmSync(root, { recursive: true });
  });
});

describe('the place of a cluster', () => {
  it('is the data directory, unless something else stands there', async () => {
    const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'fluxrate-host-')));
    const cluster = join(dataDir, 'postgres');
    try {
      expect(await placeCluster(dataDir, null, dataDir)).toEqual({ path: cluster, exists: false, link: null, account: null });
      mkdirSync(cluster);
      expect(await placeCluster(dataDir, null, dataDir)).toEqual({ path: cluster, exists: false, link: null, account: null });
      writeFileSync(join(cluster, 'letter.txt'), 'dear');
      await expect(placeCluster(dataDir, null, dataDir)).rejects.toThrow(/is not empty and no PostgreSQL cluster/);
      writeFileSync(join(cluster, 'PG_VERSION'), '18');
      expect(await placeCluster(dataDir, null, dataDir)).toEqual({ path: cluster, exists: true, link: null, account: null });
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });
});
