import { Module } from '@nestjs/common';
import { CustomersModule } from '../customers/index.js';
import { InvoicingModule } from '../invoicing/index.js';
import { DeliveryService } from './delivery.service.js';
import { EmailsService } from './emails.service.js';
import { EmailsResolver } from './graphql/emails.resolver.js';
import { Mailer } from './mailer.js';
import { ReminderJobs } from './reminder.jobs.js';
import { RemindersService } from './reminders.service.js';

@Module({
  imports: [CustomersModule, InvoicingModule],
  providers: [EmailsService, DeliveryService, Mailer, RemindersService, ReminderJobs, EmailsResolver],
  exports: [RemindersService],
})
export class NotificationsModule {}
