import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../support/fake-clock.js';
import type { GraphqlAnswer } from '../support/graphql-client.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const OWNER = { email: 'Olga@Example.com', password: 'correct horse battery' };
const CSRF = { 'x-fluxrate-csrf': '1' };
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { user { email role } } }';
const VIEWER = '{ viewer { kind user { email role } scopes } }';

/** A browser: it keeps the cookie that it is given. */
class Browser {
  cookie = '';
  setCookie = '';

  constructor(
    private readonly app: TestApp,
    private readonly headers: Record<string, string> = CSRF,
  ) {}

  async send<Data = Record<string, never>>(query: string, variables: object = {}, headers = {}): Promise<GraphqlAnswer<Data>> {
    const response = await fetch(`${this.app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: this.cookie, ...this.headers, ...headers },
      body: JSON.stringify({ query, variables }),
    });
    this.setCookie = response.headers.get('set-cookie') ?? '';
    if (this.setCookie !== '') this.cookie = this.setCookie.split(';')[0];
    return (await response.json()) as GraphqlAnswer<Data>;
  }

  async codeOf(query: string, variables: object = {}): Promise<string | undefined> {
    return (await this.send(query, variables)).errors?.[0].extensions.code;
  }
}

describe('users', () => {
  const clock = new FakeClock('2026-01-01T00:00:00Z');
  let app: TestApp;
  let owner: Browser;
  beforeAll(async () => {
    app = await startTestApp(clock);
    owner = new Browser(app);
  });
  afterAll(() => app.close());

  const invite = async (by: Browser, email: string, role: string): Promise<string> => {
    const { data } = await by.send<{ inviteUser: { token: string } }>(
      'mutation ($input: InviteUserInput!) { inviteUser(input: $input) { token } }',
      { input: { email, role } },
    );
    return data?.inviteUser.token ?? '';
  };
  const accept = async (token: string): Promise<Browser> => {
    const browser = new Browser(app);
    await browser.send('mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { user { id } } }', {
      input: { token, password: 'a password of my own' },
    });
    return browser;
  };
  const idOf = async (email: string): Promise<string> => {
    const { users } = await app.api.query<{ users: { nodes: { id: string; email: string }[] } }>(
      '{ users { nodes { id email } } }',
    );
    return users.nodes.find((user) => user.email === email)?.id ?? '';
  };

  it('the first is made with the key of the organization, once', async () => {
    const create = 'mutation ($input: CreateFirstUserInput!) { createFirstUser(input: $input) { user { email role } } }';
    expect(await owner.codeOf(create, { input: OWNER })).toBe('UNAUTHENTICATED');
    for (const password of ['too short', 'aaaaaaaaaaaaaaaa'])
      expect(await app.api.failure(create, { input: { ...OWNER, password } })).toMatchObject({
        extensions: { code: 'VALIDATION_FAILED', field: 'password' },
      });
    expect(await app.api.query(create, { input: OWNER })).toEqual({
      createFirstUser: { user: { email: 'olga@example.com', role: 'OWNER' } },
    });
    expect(await app.api.failure(create, { input: { ...OWNER, email: 'mallory@example.com' } })).toMatchObject({
      extensions: { code: 'CONFLICT' },
    });
  });

  it('sign in, and the cookie keeps them so; no script and no other site gets at it', async () => {
    expect(await owner.send(SIGN_IN, { input: OWNER })).toEqual({
      data: { signIn: { user: { email: 'olga@example.com', role: 'OWNER' } } },
    });
    expect(owner.setCookie).toMatch(/^fluxrate_session=session_[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    expect(await owner.send(VIEWER)).toMatchObject({ data: { viewer: { kind: 'USER', user: { role: 'OWNER' } } } });
  });

  it('behind TLS the cookie stays there', async () => {
    const browser = new Browser(app);
    await browser.send(SIGN_IN, { input: OWNER }, { 'x-forwarded-proto': 'https' });
    expect(browser.setCookie).toMatch(/; Secure$/);
  });

  it('the cookie alone opens nothing: the header of our own pages has to be there, and the page of our site', async () => {
    for (const headers of [{}, { ...CSRF, 'sec-fetch-site': 'cross-site' }, { ...CSRF, 'sec-fetch-site': 'same-site' }]) {
      const other = new Browser(app, headers as Record<string, string>);
      other.cookie = owner.cookie;
      expect(await other.codeOf(VIEWER)).toBe('UNAUTHENTICATED');
    }
    const rest = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${app.url}/api/v1/workers/health`, { headers: { cookie: owner.cookie, ...headers } });
    expect((await rest({})).status).toBe(401);
    expect((await rest(CSRF)).status).toBe(200);
  });

  it('stores neither passwords nor what a session is known by', async () => {
    const [row] = await app.database.sql<{ hash: string }>('SELECT password_hash AS hash FROM users');
    expect(row.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const sessions = await app.database.sql<{ row: string }>('SELECT to_jsonb(s)::text AS row FROM sessions s');
    expect(sessions.length).toBeGreaterThan(0);
    expect(sessions.filter(({ row: text }) => text.includes(owner.cookie.split('=')[1]))).toEqual([]);
  });

  it('are invited by token, which is good once, and until it is revoked or a week is over', async () => {
    const token = await invite(owner, 'victor@example.com', 'VIEWER');
    expect(token).toMatch(/^invitation_/);
    const victor = await accept(token);
    expect(await victor.send(VIEWER)).toMatchObject({
      data: { viewer: { user: { email: 'victor@example.com', role: 'VIEWER' } } },
    });
    const again = 'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { user { id } } }';
    const codeOf = (used: string): Promise<string | undefined> =>
      new Browser(app).codeOf(again, { input: { token: used, password: 'a password of my own' } });
    expect(await codeOf(token)).toBe('NOT_FOUND');
    expect(await codeOf('invitation_nobody')).toBe('NOT_FOUND');
    const late = await invite(owner, 'late@example.com', 'VIEWER');
    clock.set('2026-01-08T00:00:00Z');
    expect(await codeOf(late)).toBe('NOT_FOUND');
    clock.set('2026-01-01T00:00:00Z');
    const revoked = await invite(owner, 'revoked@example.com', 'VIEWER');
    const { data } = await owner.send<{ invitations: { nodes: { id: string }[] } }>('{ invitations { nodes { id email } } }');
    await owner.send('mutation ($id: ID!) { revokeInvitation(id: $id) { revokedAt } }', { id: data?.invitations.nodes[0].id });
    expect(await codeOf(revoked)).toBe('NOT_FOUND');
    expect(await codeOf(late)).toBeUndefined();
  });

  it('may do what their role says', async () => {
    const bill = await accept(await invite(owner, 'bill@example.com', 'BILLING'));
    const victor = new Browser(app);
    await victor.send(SIGN_IN, { input: { email: 'victor@example.com', password: 'a password of my own' } });
    const add = 'mutation { createCustomer(input: { externalId: "by-bill" }) { id } }';
    expect(await victor.codeOf('{ customers { totalCount } }')).toBeUndefined();
    expect(await victor.codeOf(add)).toBe('FORBIDDEN');
    expect(await bill.codeOf(add)).toBeUndefined();
    expect(await bill.codeOf('{ apiKeys { totalCount } }')).toBe('FORBIDDEN');
    const change = 'mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { role } }';
    await owner.send(change, { id: await idOf('victor@example.com'), role: 'ADMIN' });
    expect(await victor.codeOf('{ apiKeys { totalCount } }')).toBeUndefined();
  });

  it('an admin does nothing to an owner, and the last owner stays', async () => {
    const admin = await accept(await invite(owner, 'ada@example.com', 'ADMIN'));
    const change = 'mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { role } }';
    const remove = 'mutation ($id: ID!) { removeUser(id: $id) { email } }';
    const id = await idOf('olga@example.com');
    expect(await admin.codeOf(change, { id, role: 'VIEWER' })).toBe('FORBIDDEN');
    expect(await admin.codeOf(change, { id: await idOf('ada@example.com'), role: 'OWNER' })).toBe('FORBIDDEN');
    expect(await admin.codeOf(remove, { id })).toBe('FORBIDDEN');
    expect(await admin.send('mutation { inviteUser(input: { email: "x@example.com", role: OWNER }) { token } }')).toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(await owner.codeOf(change, { id, role: 'VIEWER' })).toBe('CONFLICT');
    expect(await owner.codeOf(remove, { id })).toBe('CONFLICT');
  });

  it('are out at once when they are removed', async () => {
    const gone = await accept(await invite(owner, 'gone@example.com', 'VIEWER'));
    expect(await gone.codeOf(VIEWER)).toBeUndefined();
    await owner.send('mutation ($id: ID!) { removeUser(id: $id) { id } }', { id: await idOf('gone@example.com') });
    expect(await gone.codeOf(VIEWER)).toBe('UNAUTHENTICATED');
  });

  it('sign out, change their password, and are signed out after a week', async () => {
    const first = await accept(await invite(owner, 'carol@example.com', 'VIEWER'));
    const carol = { email: 'carol@example.com', password: 'a password of my own' };
    const second = new Browser(app);
    await second.send(SIGN_IN, { input: carol });
    const change = `mutation ($old: String!) { changePassword(currentPassword: $old, newPassword: "another password, mine") { user { id } } }`;
    expect(await second.codeOf(change, { old: 'not the password' })).toBe('VALIDATION_FAILED');
    expect(await second.codeOf(change, { old: carol.password })).toBeUndefined();
    expect([await first.codeOf(VIEWER), await second.codeOf(VIEWER)]).toEqual(['UNAUTHENTICATED', undefined]);
    expect(await first.codeOf(SIGN_IN, { input: carol })).toBe('UNAUTHENTICATED');
    const kept = second.cookie;
    await second.send('mutation { signOut }');
    expect(second.setCookie).toContain('Max-Age=0');
    second.cookie = kept;
    expect(await second.codeOf(VIEWER)).toBe('UNAUTHENTICATED');
    await first.send(SIGN_IN, { input: { ...carol, password: 'another password, mine' } });
    clock.set('2026-01-07T23:59:59Z');
    expect(await first.codeOf(VIEWER)).toBeUndefined();
    clock.set('2026-01-08T00:00:00Z');
    expect(await first.codeOf(VIEWER)).toBe('UNAUTHENTICATED');
    clock.set('2026-01-01T00:00:00Z');
  });

  it('are told apart by nothing: an unknown address and a wrong password answer alike', async () => {
    const answer = async (email: string): Promise<unknown> =>
      new Browser(app).send(SIGN_IN, { input: { email, password: 'a wrong password' } });
    expect(await answer('nobody@example.com')).toEqual(await answer('bill@example.com'));
  });

  it('cannot be guessed: ten failures, then nothing for a quarter of an hour; others come in meanwhile', async () => {
    const victim = { email: 'ada@example.com', password: 'a password of my own' };
    const wrong = { ...victim, password: 'a wrong password' };
    const browser = new Browser(app);
    for (let attempt = 0; attempt < 10; attempt += 1)
      expect(await browser.codeOf(SIGN_IN, { input: wrong })).toBe('UNAUTHENTICATED');
    expect(await browser.codeOf(SIGN_IN, { input: victim })).toBe('RATE_LIMITED');
    expect(await browser.codeOf(SIGN_IN, { input: OWNER })).toBeUndefined();
    clock.set('2026-01-01T00:15:01Z');
    expect(await browser.codeOf(SIGN_IN, { input: victim })).toBeUndefined();
  });
});
