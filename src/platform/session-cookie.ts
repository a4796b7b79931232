import type { FastifyReply, FastifyRequest } from 'fastify';

const NAME = 'fluxrate_session';
/** A page of another site can make a browser send the cookie, but not this header: that takes our leave (CORS), which it does not get. */
export const CSRF_HEADER = 'x-fluxrate-csrf';

type Headers = Record<string, string | string[] | undefined>;

/** The session of a request from a browser that shows that its own page sent it; else null. */
export function sessionOf(headers: Headers): string | null {
  if (headers[CSRF_HEADER] === undefined) return null;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return null;
  return new RegExp(`(?:^|;)\\s*${NAME}=(session_[\\w-]+)`).exec(headers.cookie?.toString() ?? '')?.[1] ?? null;
}

/** Has the browser keep a session where no script can read it. */
export function keepSession(request: FastifyRequest, reply: FastifyReply, secret: string, seconds: number): void {
  const isEncrypted = request.protocol === 'https' || request.headers['x-forwarded-proto'] === 'https';
  const secure = isEncrypted ? '; Secure' : '';
  void reply.header('set-cookie', `${NAME}=${secret}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`);
}

export const dropSession = (request: FastifyRequest, reply: FastifyReply): void => keepSession(request, reply, '', 0);
