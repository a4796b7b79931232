import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { Log } from '../log.js';
import { Database } from './database.js';

const RETRY_MS = 500;
const MAX_PAYLOAD_BYTES = 7_900;

type Listener = (payload: string) => void;

/**
 * What processes tell one another through Postgres (LISTEN/NOTIFY), on one connection of its own. Nothing may rest on a
 * notification alone: while the connection is down they are lost, which `isListening` and `onGap` tell.
 */
@Injectable()
export class Notifications implements OnModuleInit, OnApplicationShutdown {
  private readonly listeners = new Map<string, Listener[]>();
  private readonly gapListeners: (() => void)[] = [];
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private stopped = false;
  private listening = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  get isListening(): boolean {
    return this.listening;
  }

  /** Called with each payload of the channel, from whatever process, this one included. To be set up before the start. */
  on(channel: string, listener: Listener): void {
    this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), listener]);
  }

  /** Called when notifications may have been lost, and when they are heard again. */
  onGap(listener: () => void): void {
    this.gapListeners.push(listener);
  }

  /** Tells all processes, outside any transaction: it holds up no commit, and may be lost. */
  async notify(channel: string, payload: string): Promise<void> {
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) throw new Error(`A notification holds ${MAX_PAYLOAD_BYTES} bytes.`);
    const values = [channel, payload];
    await this.database.statement('tell all processes', { name: 'notify', text: 'SELECT pg_notify($1, $2)', values });
  }

  async onModuleInit(): Promise<void> {
    await this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    if (this.retry) clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const { url } = this.dataSource.options as { url: string };
    const client = new pg.Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 5_000 });
    this.client = client;
    client.on('error', () => undefined);
    client.on('end', () => this.lost(client));
    client.on('notification', ({ channel, payload = '' }) => {
      for (const listener of this.listeners.get(channel) ?? []) listener(payload);
    });
    try {
      await client.connect();
      for (const channel of this.listeners.keys()) await client.query(`LISTEN ${channel}`);
      this.listening = true;
      this.tellOfGap();
    } catch (error) {
      this.log.warn({ err: error }, 'no notifications from the database');
      await client.end().catch(() => undefined);
      this.lost(client);
    }
  }

  private lost(client: pg.Client): void {
    if (this.client !== client || this.stopped) return;
    this.client = null;
    this.listening = false;
    this.tellOfGap();
    this.retry = setTimeout(() => void this.connect(), RETRY_MS);
  }

  private tellOfGap(): void {
    for (const listener of this.gapListeners) listener();
  }
}
