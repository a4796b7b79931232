import type { Config } from './config.js';

interface SystemError {
  code?: string;
  syscall?: string;
  path?: string;
  message?: string;
}

/** Why the start failed, in one sentence that says what to do where that is known. */
export function explainStartFailure(error: unknown, { host, port, dataDir }: Config): string {
  const { code, syscall, path, message } = error as SystemError;
  if (code === 'EADDRINUSE') return `port ${port} is taken. Stop what listens there, or set PORT to another one.`;
  if (syscall === 'listen' && code === 'EACCES') return `port ${port} is closed to this user. Set PORT to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || syscall === 'getaddrinfo') return `HOST "${host}" is not an address of this machine.`;
  if (syscall !== undefined && path !== undefined) return `DATA_DIR ${dataDir} cannot be used: ${message}`;
  return message || String(code ?? error);
}

/** A failure to connect to the database or to migrate it. The address is told, the password is not. */
export function unusableDatabase(databaseUrl: string, cause: unknown): Error {
  const { code, message } = cause as SystemError;
  // Of a name with several addresses, Node reports the failures of all under an empty message.
  return new Error(`the database at ${addressOf(databaseUrl)} cannot be used: ${message || code}`, { cause });
}

function addressOf(databaseUrl: string): string {
  const { hostname, port, searchParams } = new URL(databaseUrl);
  return `${hostname || (searchParams.get('host') ?? 'localhost')}:${port || '5432'}`;
}
