import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  recipients: string[];
  /** As it came over the wire. */
  raw: string;
  /** Of one header, unfolded. */
  header(name: string): string;
  /** The decoded attachment. */
  attachment(): Buffer | null;
}

/**
 * What the server does with the next message: null takes it, an error code refuses it, `hang` never answers, `drop` hangs up, `deny`
 * refuses the credentials, and says which.
 */
export type Behaviour = null | 'deny' | 'hang' | 'drop' | 'take and drop' | { stage: 'recipient' | 'message'; code: number };

/** A real SMTP server on a loopback port. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  behaviour: Behaviour = null;
  /** Messages whose content has arrived, taken or not. */
  attempts = 0;
  private server: SMTPServer;

  private constructor() {
    this.server = this.create();
  }

  static async start(): Promise<MailServer> {
    const mailServer = new MailServer();
    await mailServer.listen(0);
    return mailServer;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  /** Starts to listen again, where it did before. */
  async listen(port: number): Promise<void> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server.server, 'listening');
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    this.server = this.create();
  }

  private create(): SMTPServer {
    const server = new SMTPServer({
      disabledCommands: ['STARTTLS'],
      authOptional: true,
      allowInsecureAuth: true,
      closeTimeout: 100,
      logger: false,
      onAuth: ({ username, password }, _session, callback) => {
        if (this.behaviour !== 'deny') return callback(null, { user: username ?? '' });
        callback(Object.assign(new Error(`${username} may not enter with ${password}`), { responseCode: 535 }));
      },
      onRcptTo: (_address, _session, callback) => callback(this.refusal('recipient')),
      onData: (stream, session, callback) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          this.attempts += 1;
          const { behaviour } = this;
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          if (behaviour === null || behaviour === 'take and drop')
            this.mails.push(mailOf(Buffer.concat(parts).toString(), recipients));
          if (behaviour === 'hang') return;
          if (behaviour === 'drop' || behaviour === 'take and drop') {
            for (const connection of this.server.connections as Set<{ _socket: Socket }>) connection._socket.destroy();
            return;
          }
          callback(this.refusal('message'));
        });
      },
    });
    // A client that hangs up is no error of the test.
    server.on('error', () => undefined);
    return server;
  }

  private refusal(stage: 'recipient' | 'message'): Error | null {
    const { behaviour } = this;
    if (typeof behaviour !== 'object' || behaviour?.stage !== stage) return null;
    return Object.assign(new Error(`the server refuses this ${stage}`), { responseCode: behaviour.code });
  }
}

const mailOf = (raw: string, recipients: string[]): ReceivedMail => ({
  recipients,
  raw,
  header: (name) => {
    const [head] = raw.split('\r\n\r\n');
    return new RegExp(`^${name}: (.*)$`, 'im').exec(head.replaceAll(/\r\n[ \t]+/g, ' '))?.[1].trim() ?? '';
  },
  attachment: () => {
    const part = raw.split(/\r\n--\S+\r\n/).find((text) => text.startsWith('Content-Type: application/pdf'));
    if (part === undefined) return null;
    return Buffer.from(part.split('\r\n\r\n')[1].split('\r\n--')[0], 'base64');
  },
});
