import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { AlertsService } from './alerts.service.js';

/** When alerts are looked after. Any number of processes may do it at once: each alert is raised once. */
@Injectable()
export class EntitlementJobs {
  constructor(private readonly alerts: AlertsService) {}

  @Cron('*/5 * * * *', { name: 'entitlement_alerts', timeZone: 'UTC' })
  async raiseAlerts(): Promise<void> {
    await this.alerts.sweep();
  }
}
