import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  body: string;
}

/** One keep-alive connection that sends prepared requests, one after the other: as little work beside the server as can be. */
export class Connection {
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
      this.read();
    });
    this.socket.on('error', (error) => this.waiting?.reject(error));
    this.socket.on('close', () => this.waiting?.reject(new Error('The connection was closed.')));
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(): void {
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const head = this.received.toString('latin1', 0, headEnd);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (this.received.length < end) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.received.toString('utf8', headEnd + 4, end) };
    this.received = this.received.subarray(end);
    const { waiting } = this;
    this.waiting = null;
    waiting?.resolve(answer);
  }
}

export const getOf = (path: string, apiKey: string): Buffer =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${apiKey}\r\n\r\n`);

export function requestOf(path: string, apiKey: string, body: string): Buffer {
  const bytes = Buffer.from(body);
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${apiKey}\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

export interface LoadResult {
  seconds: number;
  /** Milliseconds, of each request. */
  latencies: number[];
}

/** Sends all requests over so many connections, each answer checked; fails at the first wrong one. */
export async function load(
  port: number,
  connections: number,
  requests: readonly Buffer[],
  isRight: (answer: Answer) => boolean,
): Promise<LoadResult> {
  const pool = Array.from({ length: connections }, () => new Connection(port));
  const latencies: number[] = [];
  let next = 0;
  const began = performance.now();
  await Promise.all(
    pool.map(async (connection) => {
      while (next < requests.length) {
        const request = requests[next++];
        const sent = performance.now();
        const answer = await connection.send(request);
        latencies.push(performance.now() - sent);
        if (!isRight(answer)) throw new Error(`Wrong answer ${answer.status}: ${answer.body.slice(0, 300)}`);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  for (const connection of pool) connection.close();
  return { seconds, latencies };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
