import { Injectable } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import type SMTPTransport from 'nodemailer/lib/smtp-transport';
import { Settings } from '../../platform/settings.js';

export interface Mail {
  messageId: string;
  sender: { name: string; replyTo: string | null };
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  attachment: { filename: string; content: Buffer } | null;
}

/** Handed in, refused for good, or to be tried again. */
export type Delivery = { outcome: 'SENT' } | { outcome: 'REFUSED' | 'AGAIN'; error: string };

/** A server that says nothing for as long is given up. SMTP_URL may set others: `?socketTimeout=5000`. */
const CONNECTION_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 30_000;
const MAX_ERROR_LENGTH = 500;

/** Hands mail to the SMTP server that the settings name. */
@Injectable()
export class Mailer {
  private readonly transport: Transporter<SMTPTransport.SentMessageInfo> | null;

  constructor(private readonly settings: Settings) {
    const { mail } = settings;
    this.transport =
      mail &&
      createTransport({
        url: mail.smtpUrl,
        connectionTimeout: CONNECTION_TIMEOUT_MS,
        greetingTimeout: CONNECTION_TIMEOUT_MS,
        socketTimeout: SOCKET_TIMEOUT_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
  }

  get isSetUp(): boolean {
    return this.transport !== null;
  }

  messageIdOf(emailId: string): string {
    return `<${emailId}@${this.settings.mail?.from.split('@')[1] ?? 'fluxrate.invalid'}>`;
  }

  /** One attempt. When `stopping` fires it is given up; the server may have taken the mail all the same. */
  async send(mail: Mail, stopping: AbortSignal): Promise<Delivery> {
    const { settings, transport } = this;
    if (!transport || !settings.mail) throw new Error('There is no mail server.');
    const { sender, attachment, ...content } = mail;
    const sending = transport.sendMail({
      ...content,
      from: { name: sender.name, address: settings.mail.from },
      replyTo: sender.replyTo ?? undefined,
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: attachment ? [{ ...attachment, contentType: 'application/pdf' }] : [],
    });
    const answered = new AbortController();
    try {
      await Promise.race([sending, failureOn(stopping, answered.signal)]);
      return { outcome: 'SENT' };
    } catch (error) {
      sending.catch(() => undefined);
      return { outcome: isRefusal(error) ? 'REFUSED' : 'AGAIN', error: this.explain(error) };
    } finally {
      answered.abort();
    }
  }

  /** What the server said. It may have repeated the password. */
  private explain(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    const password = decodeURIComponent(new URL(this.settings.mail?.smtpUrl ?? 'smtp://none').password);
    const secrets = [password, Buffer.from(password).toString('base64')].filter((secret) => secret !== '');
    return secrets.reduce((text, secret) => text.replaceAll(secret, '…'), message).slice(0, MAX_ERROR_LENGTH);
  }
}

/** Fails when the process stops, until there is an answer. */
const failureOn = (stopping: AbortSignal, answered: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(new Error('The process was stopped meanwhile.'));
    if (stopping.aborted) fail();
    else stopping.addEventListener('abort', fail, { once: true, signal: answered });
  });

/** A 5xx about this recipient or this content stays so; one about the credentials is a setting to be corrected. */
function isRefusal(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
}
