/** What of the configuration the modules need to know. */
export abstract class Settings {
  abstract readonly schedulerEnabled: boolean;
  abstract readonly outboxEnabled: boolean;
  /** Where people reach this process; null: where it listens. */
  abstract readonly publicUrl: string | null;
  /** Where mail is handed in, and from whom; null: it is kept, and goes nowhere. The URL may hold a password. */
  abstract readonly mail: MailSettings | null;
}

export interface MailSettings {
  smtpUrl: string;
  from: string;
}
