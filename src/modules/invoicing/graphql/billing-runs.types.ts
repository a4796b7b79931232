import { Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import { RECONCILER } from '../../metering/index.js';
import { BILLING_STEPS, type BillingStep } from '../billing-failure.entity.js';
import { INVARIANTS, type Invariant } from '../queries/check-invariants.query.js';
import { WORKERS } from '../run-log.service.js';

export const WorkerEnum = enumOf('Worker', ...WORKERS, RECONCILER);
export const BillingStepEnum = enumOf('BillingStep', ...BILLING_STEPS);
export const BillingInvariantEnum = enumOf('BillingInvariant', ...(Object.keys(INVARIANTS) as [Invariant, ...Invariant[]]));

@ObjectType('WorkerRun', { description: 'One run of a worker. The counts are the organization’s own, and grow while it goes.' })
export class WorkerRunType {
  @Field(() => ID) id: string;
  @Field(() => WorkerEnum) worker: string;
  @Field(() => DateTimeScalarType) startedAt: Date;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Null: it is going, or its process died.' })
  finishedAt: Date | null;
  @Field(() => Int, { description: 'Periods, drafts or invoices that were due.' }) found: number;
  @Field(() => Int, { description: 'Periods billed, drafts finalized, or invoices marked as overdue.' }) done: number;
  @Field(() => Int, { description: 'Of those found, what failed; billingFailures tells why.' }) failed: number;
  @Field({ description: 'It ended before all was done.' }) stopped: boolean;
}

export const WorkerRunConnectionType = connectionOf(WorkerRunType, 'WorkerRun');

@ObjectType('BillingFailure', { description: 'A step of billing that failed.' })
export class BillingFailureType {
  @Field(() => ID) id: string;
  @Field(() => BillingStepEnum) step: BillingStep;
  @Field(() => Int, { description: 'Of how many failures in a row it is the last.' }) attempt: number;
  @Field() message: string;
  @Field(() => DateTimeScalarType) failedAt: Date;
  @Field(() => DateTimeScalarType, {
    nullable: true,
    description: 'When it was to be tried again. Null: never, unless retryBilling asks for it.',
  })
  retryAt: Date | null;
  subscriptionId: string | null;
  invoiceId: string | null;
}

export const BillingFailureConnectionType = connectionOf(BillingFailureType, 'BillingFailure');

@ObjectType('BillingState', { description: 'How the billing of a subscription stands.' })
export class BillingStateType {
  @Field(() => DateTimeScalarType, { nullable: true, description: 'The next instant at which something falls due.' })
  dueAt: Date | null;
  @Field(() => Int, { description: 'In a row, until now.' }) failures: number;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'After a failure: not before this.' }) retryAt: Date | null;
  @Field({ description: 'It has failed three times in a row and waits for retryBilling.' }) parked: boolean;
}

@ObjectType('InvariantCheck', { description: 'Whether something that must always hold of the books does.' })
export class InvariantCheckType {
  @Field(() => BillingInvariantEnum) name: Invariant;
  @Field() description: string;
  @Field() holds: boolean;
  @Field(() => Int) violations: number;
  @Field(() => [ID], { description: 'Some of what breaks it: invoices, subscriptions, customers or the organization.' })
  examples: string[];
}
