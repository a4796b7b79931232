import { resolve } from 'node:path';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything the environment decides, read and checked here alone. */
export interface Config {
  port: number;
  host: string;
  /** null: the embedded Postgres under `dataDir`. */
  databaseUrl: string | null;
  databasePoolSize: number;
  dataDir: string;
  bootstrapApiKey: string | null;
  logLevel: LogLevel;
  schedulerEnabled: boolean;
  outboxEnabled: boolean;
  graphiqlEnabled: boolean;
  /** Where people reach the product, without a slash at the end; null: where it listens. */
  publicUrl: string | null;
  /** null: mail is kept, and goes nowhere. */
  mail: { smtpUrl: string; from: string } | null;
  /** Origins whose pages may call the API from a browser. */
  corsOrigins: readonly string[];
}

/** A value that stops the start; the message is the one line that is printed. */
export class ConfigError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment = process.env): Config {
  return {
    port: integer(env, 'PORT', 3000, 0, 65_535),
    host: text(env, 'HOST') ?? '0.0.0.0',
    databaseUrl: databaseUrl(env),
    databasePoolSize: integer(env, 'DATABASE_POOL_SIZE', 20, 2, 500),
    dataDir: resolve(text(env, 'DATA_DIR') ?? '.fluxrate'),
    bootstrapApiKey: bootstrapApiKey(env),
    logLevel: choice(env, 'LOG_LEVEL', 'info', LOG_LEVELS),
    schedulerEnabled: flag(env, 'SCHEDULER_ENABLED', true),
    outboxEnabled: flag(env, 'OUTBOX_ENABLED', true),
    graphiqlEnabled: flag(env, 'GRAPHIQL_ENABLED', true),
    publicUrl: publicUrl(env),
    mail: mail(env),
    corsOrigins: origins(env, 'CORS_ORIGINS'),
  };
}

/** An unset and an empty variable mean the same: the default. */
const text = (env: Environment, name: string): string | null => env[name]?.trim() || null;

function integer(env: Environment, name: string, fallback: number, least: number, most: number): number {
  const value = text(env, name);
  if (value === null) return fallback;
  if (!/^\d{1,9}$/.test(value) || Number(value) < least || Number(value) > most) {
    throw new ConfigError(`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}.`);
  }
  return Number(value);
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const value = text(env, name);
  if (value === null) return fallback;
  if (value !== 'true' && value !== 'false')
    throw new ConfigError(`${name} must be true or false, not ${JSON.stringify(value)}.`);
  return value === 'true';
}

function choice<T extends string>(env: Environment, name: string, fallback: T, choices: readonly T[]): T {
  const value = text(env, name);
  if (value === null) return fallback;
  const found = choices.find((candidate) => candidate === value);
  if (found === undefined) throw new ConfigError(`${name} must be one of ${choices.join(', ')}, not ${JSON.stringify(value)}.`);
  return found;
}

/** Origins as browsers send them, separated by commas. */
function origins(env: Environment, name: string): string[] {
  const values = (text(env, name) ?? '').split(',').map((value) => value.trim());
  return values
    .filter((value) => value !== '')
    .map((value) => {
      if (!URL.canParse(value) || new URL(value).origin !== value)
        throw new ConfigError(
          `${name} must be origins such as https://app.example.com, separated by commas, not ${JSON.stringify(value)}.`,
        );
      return value;
    });
}

function databaseUrl(env: Environment): string | null {
  const value = text(env, 'DATABASE_URL');
  // The value is not shown: it may hold a password.
  if (value !== null && !isDatabaseUrl(value)) {
    throw new ConfigError('DATABASE_URL must be a URL that starts with postgres:// or postgresql://.');
  }
  return value;
}

function isDatabaseUrl(value: string): boolean {
  if (!/^postgres(ql)?:\/\/\S+$/.test(value) || !URL.canParse(value)) return false;
  try {
    return decodeURI(value) !== '';
  } catch {
    return false;
  }
}

function bootstrapApiKey(env: Environment): string | null {
  const value = text(env, 'BOOTSTRAP_API_KEY');
  if (value !== null && !/^sk_(test|live)_[A-Za-z0-9_-]{16,128}$/.test(value)) {
    throw new ConfigError('BOOTSTRAP_API_KEY must be sk_test_… or sk_live_… followed by 16 to 128 letters, digits, "-" or "_".');
  }
  return value;
}

function publicUrl(env: Environment): string | null {
  const value = text(env, 'PUBLIC_URL');
  if (value === null) return null;
  if (!/^https?:\/\/[^\s?#@]+$/.test(value) || !URL.canParse(value))
    throw new ConfigError(`PUBLIC_URL must be a URL such as https://billing.example.com, not ${JSON.stringify(value)}.`);
  return value.replace(/\/+$/, '');
}

function mail(env: Environment): Config['mail'] {
  const smtpUrl = text(env, 'SMTP_URL');
  const from = text(env, 'MAIL_FROM');
  // The value is not shown: it may hold a password.
  if (smtpUrl !== null && (!/^smtps?:\/\/\S+$/.test(smtpUrl) || !URL.canParse(smtpUrl) || new URL(smtpUrl).hostname === ''))
    throw new ConfigError('SMTP_URL must be a URL such as smtps://user:password@mail.example.com.');
  if (from !== null && !/^[^\s@<>"]+@[^\s@<>"]+$/.test(from))
    throw new ConfigError(`MAIL_FROM must be an e-mail address, not ${JSON.stringify(from)}.`);
  if (smtpUrl === null) return null;
  if (from === null) throw new ConfigError('MAIL_FROM must be set where SMTP_URL is.');
  return { smtpUrl, from };
}
