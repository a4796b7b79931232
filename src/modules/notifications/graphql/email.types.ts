import { Field, ID, Int, ObjectType } from '@nestjs/graphql';
import { connectionOf } from '../../../platform/graphql/connection.js';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { enumOf } from '../../../platform/graphql/enum.js';
import type { EmailKind, EmailReason, EmailStatus } from '../domain/email.js';

export const EmailKindEnum = enumOf('EmailKind', 'INVOICE', 'REMINDER', 'PAYMENT_RECEIVED');
export const EmailStatusEnum = enumOf('EmailStatus', 'PENDING', 'SENT', 'KEPT', 'SKIPPED', 'FAILED');
export const EmailReasonEnum = enumOf(
  'EmailReason',
  'NO_SERVER',
  'TEST_CLOCK',
  'NO_ADDRESS',
  'NOTHING_DUE',
  'OVERTAKEN',
  'REFUSED',
  'UNREACHABLE',
);

@ObjectType('Email', { description: 'A mail about an invoice: sent, to be sent, or why it is not.' })
export class EmailType {
  @Field(() => ID) id: string;
  @Field(() => EmailKindEnum) kind: EmailKind;
  @Field(() => EmailStatusEnum, {
    description: 'KEPT: written, and not handed to a mail server. SKIPPED: nothing to send, or nobody to send it to.',
  })
  status: EmailStatus;
  @Field(() => EmailReasonEnum, { nullable: true, description: 'Why it was kept, skipped or given up.' })
  reason: EmailReason | null;
  @Field(() => String, { nullable: true }) recipient: string | null;
  @Field(() => String, { nullable: true, description: 'Written when it is sent, as are the bodies.' }) subject: string | null;
  @Field(() => String, { nullable: true }) bodyText: string | null;
  @Field(() => String, { nullable: true }) bodyHtml: string | null;
  @Field(() => String, { nullable: true, description: 'The same at every attempt.' }) messageId: string | null;
  @Field(() => Int) attempts: number;
  @Field(() => String, { nullable: true, description: 'What the mail server said to the last attempt that failed.' })
  lastError: string | null;
  @Field(() => DateTimeScalarType, { description: 'When it became due, in the customer’s time.' }) occurredAt: Date;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'When the mail server took it, in real time.' })
  sentAt: Date | null;
  invoiceId: string;
}

export const EmailConnectionType = connectionOf(EmailType, 'Email');
