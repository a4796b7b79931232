export { Email } from './email.entity.js';
export { NotificationsModule } from './notifications.module.js';
export { RemindersService } from './reminders.service.js';
