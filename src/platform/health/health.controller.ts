import { Controller, Get } from '@nestjs/common';
import { Requires } from '../auth.js';
import { Database } from '../database/database.js';

@Controller('health')
export class HealthController {
  constructor(private readonly database: Database) {}

  @Get()
  @Requires('public')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** Ready: the database answers. */
  @Get('ready')
  @Requires('public')
  async ready(): Promise<{ status: string; database: string }> {
    await this.database.acrossOrganizations('readiness', (tx) => tx.query('SELECT 1'));
    return { status: 'ok', database: 'ok' };
  }
}
