import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { RemindersService } from './reminders.service.js';

/** When reminders are looked for. What is done then is in RemindersService. */
@Injectable()
export class ReminderJobs {
  constructor(private readonly reminders: RemindersService) {}

  @Cron('20 * * * *', { name: 'reminder_scan', timeZone: 'UTC' })
  async scan(): Promise<void> {
    await this.reminders.scan();
  }
}
