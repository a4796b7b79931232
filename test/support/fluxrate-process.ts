import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const NODE = [process.execPath, '--enable-source-maps', 'dist/src/main.js'];
const HOOK = [process.execPath, '--import', './test/support/statement-hook.js'];
/** With a hook before each statement (statement-hook.js). */
export const WITH_STATEMENT_HOOK = [...HOOK, 'dist/src/main.js'];
export const BILLING_WORKER = [...HOOK, 'test/support/billing-worker.js'];
/** `npm start` without the build, which the tests have done. */
export const NPM_START = ['npm', 'start', '--ignore-scripts'];

/** The built product as a process of its own. */
export class FluxrateProcess {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  private readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;
  private exit: Exit | null = null;

  /** Starts on a free port; `environment` adds to that, or replaces. Nothing else of the variables it reads is set. */
  constructor(environment: Record<string, string>, [command, ...args] = NODE) {
    const { PATH, HOME, TMPDIR } = process.env;
    this.child = spawn(command, args, {
      env: { PATH, HOME, TMPDIR, PORT: '0', HOST: '127.0.0.1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      const input = this.child[stream];
      if (input) createInterface({ input }).on('line', (line) => this[stream].push(line));
    }
    this.exited = once(this.child, 'close').then(([code, signal]) => (this.exit = { code, signal } as Exit));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until it serves; its URL. Throws with what it printed when it ends instead. */
  async ready(): Promise<string> {
    return this.until(() => /GraphQL at (\S+)\/graphql/.exec(this.stdout.join('\n'))?.[1], 'to be ready');
  }

  /** The key of the first organization, where it was printed. */
  get apiKey(): string | null {
    return /API key .*: (sk_\S+)/.exec(this.stdout.join('\n'))?.[1] ?? null;
  }

  /** The log's entries. */
  get log(): Record<string, unknown>[] {
    return this.stdout.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Asks until there is an answer. */
  async until<T>(ask: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
    for (const began = performance.now(); performance.now() - began < 30_000;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (this.exit) break;
      await sleep(10);
    }
    throw new Error(`Waited for it ${what}. It said:\n${[...this.stdout, ...this.stderr].join('\n')}`);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  get hasEnded(): boolean {
    return this.exit !== null;
  }

  /** Waits for the end. */
  async ended(): Promise<Exit> {
    return this.exited;
  }

  /** Sends the signal and waits for the end. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.exit) this.signal(name);
    return this.exited;
  }
}
