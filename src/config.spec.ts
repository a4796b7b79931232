import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError, readConfig } from './config.js';

const KEY = 'sk_test_0123456789abcdef';

describe('the configuration', () => {
  it('has a default for everything, which an empty value means too', () => {
    const defaults = {
      port: 3000,
      host: '0.0.0.0',
      databaseUrl: null,
      databasePoolSize: 20,
      dataDir: resolve('.fluxrate'),
      bootstrapApiKey: null,
      logLevel: 'info',
      schedulerEnabled: true,
      outboxEnabled: true,
      graphiqlEnabled: true,
      publicUrl: null,
      mail: null,
      corsOrigins: [],
    };
    expect(readConfig({})).toEqual(defaults);
    expect(readConfig({ PORT: '', DATABASE_URL: ' ', BOOTSTRAP_API_KEY: '', SCHEDULER_ENABLED: '' })).toEqual(defaults);
  });

  it.each([
    ['PORT', '0', { port: 0 }],
    ['PORT', '65535', { port: 65_535 }],
    ['HOST', '127.0.0.1', { host: '127.0.0.1' }],
    ['HOST', '::', { host: '::' }],
    ['DATABASE_URL', 'postgres://u:p@db:5432/x', { databaseUrl: 'postgres://u:p@db:5432/x' }],
    ['DATABASE_URL', 'postgresql:///x?host=/var/run/postgresql', { databaseUrl: 'postgresql:///x?host=/var/run/postgresql' }],
    ['DATABASE_POOL_SIZE', '2', { databasePoolSize: 2 }],
    ['DATABASE_POOL_SIZE', '500', { databasePoolSize: 500 }],
    ['DATA_DIR', '/srv/fluxrate', { dataDir: '/srv/fluxrate' }],
    ['DATA_DIR', 'data', { dataDir: resolve('data') }],
    ['BOOTSTRAP_API_KEY', KEY, { bootstrapApiKey: KEY }],
    ['BOOTSTRAP_API_KEY', `sk_live_${'Aa0-_'.repeat(25)}Aa0`, { bootstrapApiKey: `sk_live_${'Aa0-_'.repeat(25)}Aa0` }],
    ['LOG_LEVEL', 'silent', { logLevel: 'silent' }],
    ['SCHEDULER_ENABLED', 'false', { schedulerEnabled: false }],
    ['OUTBOX_ENABLED', 'false', { outboxEnabled: false }],
    ['GRAPHIQL_ENABLED', 'false', { graphiqlEnabled: false }],
    ['CORS_ORIGINS', 'https://a.example, http://localhost:5173', { corsOrigins: ['https://a.example', 'http://localhost:5173'] }],
    ['PUBLIC_URL', 'https://billing.example.com', { publicUrl: 'https://billing.example.com' }],
    ['PUBLIC_URL', 'http://10.0.0.7:8080/billing/', { publicUrl: 'http://10.0.0.7:8080/billing' }],
    ['MAIL_FROM', 'billing@example.com', { mail: null }],
  ])('takes %s=%s', (name, value, expected) => {
    expect(readConfig({ [name]: value })).toMatchObject(expected);
  });

  it.each([
    ['PORT', ['-1', '65536', '3e3', '3000.5', 'http', '0x10', '3000 3001', '99999999999999999999', '30\n00']],
    ['DATABASE_POOL_SIZE', ['0', '1', '501', 'ten']],
    [
      'DATABASE_URL',
      ['localhost', 'mysql://u:p@db/x', 'postgres://', 'postgres://u:p@db:99999/x', 'postgres://u:p%zz@db/x', 'postgres://a b/x'],
    ],
    [
      'BOOTSTRAP_API_KEY',
      [
        'secret',
        'sk_test_',
        'sk_test_short',
        'sk_prod_0123456789abcdef',
        `sk_test_${'x'.repeat(129)}`,
        `${KEY}/`,
        `${KEY} ${KEY}`,
      ],
    ],
    ['LOG_LEVEL', ['verbose', 'INFO', '3']],
    ['SCHEDULER_ENABLED', ['yes', '1', 'TRUE']],
    ['OUTBOX_ENABLED', ['on', '0']],
    ['GRAPHIQL_ENABLED', ['no', '0', 'off']],
    ['CORS_ORIGINS', ['*', 'a.example', 'https://a.example/', 'https://a.example/page', 'null']],
    [
      'PUBLIC_URL',
      ['billing.example.com', 'ftp://example.com', 'https://', 'https://a b', 'https://u:p@example.com', 'https://x/?y=1'],
    ],
    ['SMTP_URL', ['mail.example.com', 'http://mail.example.com', 'smtp://', 'smtp://a b', 'smtp://mail:99999']],
    ['MAIL_FROM', ['billing', 'Billing <billing@example.com>', 'a@b, c@d', '@example.com']],
  ])('refuses a bad %s in one line that names it', (name, values) => {
    for (const value of values) {
      const read = (): unknown => readConfig({ [name]: value });
      expect(read).toThrow(ConfigError);
      expect(read).toThrow(new RegExp(`^${name} must .+\\.$`));
    }
  });

  it('is shown in .env.example: every variable, and none but its default', () => {
    const read = new Set<string>();
    readConfig(new Proxy({}, { get: (_, name) => void read.add(String(name)) }));
    const shown = parseEnv(readFileSync('.env.example', 'utf8')) as Record<string, string>;
    const { POSTGRES_PASSWORD, ...variables } = shown;
    expect(POSTGRES_PASSWORD).toBe('');
    expect(Object.keys(variables).sort()).toEqual([...read].sort());
    expect(readConfig(variables)).toEqual(readConfig({}));
  });

  it('takes mail with a server and a sender, and does not take a server alone', () => {
    const SMTP_URL = 'smtps://user:geheim@mail.example.com:465';
    const mail = { smtpUrl: SMTP_URL, from: 'billing@example.com' };
    expect(readConfig({ SMTP_URL, MAIL_FROM: 'billing@example.com' })).toMatchObject({ mail });
    expect(() => readConfig({ SMTP_URL })).toThrow(/^MAIL_FROM must be set where SMTP_URL is\.$/);
  });

  it('shows no password and no key', () => {
    expect(() => readConfig({ SMTP_URL: 'smtp://u:geheim@mail:99999' })).not.toThrow(/geheim/);
    expect(() => readConfig({ DATABASE_URL: 'postgres://u:geheim@db:99999/x' })).not.toThrow(/geheim/);
    expect(() => readConfig({ BOOTSTRAP_API_KEY: 'sk_test_geheim' })).not.toThrow(/geheim/);
  });
});
