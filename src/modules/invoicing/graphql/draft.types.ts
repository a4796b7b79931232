import { Field, ID, InputType } from '@nestjs/graphql';
import { DateTimeScalarType } from '../../../platform/graphql/date-time.scalar.js';
import { DecimalScalarType } from '../../../platform/graphql/decimal.scalar.js';

@InputType({
  description:
    'A line by hand: quantity × unitAmount, rounded once; either may be negative. A new line needs all but the id. With the id of a line of the draft, that line: what is left out stays, and a quantity or unitAmount other than the line’s sets its amount by hand.',
})
export class OneOffLineInput {
  @Field(() => ID, { nullable: true, description: 'updateDraftInvoice: a line that is there.' }) id?: string | null;
  @Field(() => String, { nullable: true }) description?: string | null;
  @Field(() => DecimalScalarType, { nullable: true }) quantity?: string | null;
  @Field(() => DecimalScalarType, { nullable: true }) unitAmount?: string | null;
}

@InputType()
export class CreateInvoiceInput {
  @Field(() => ID) customerId: string;
  @Field(() => String, { nullable: true, description: 'Default: the customer’s, else the organization’s.' }) currency?:
    string | null;
  @Field(() => [OneOffLineInput]) lines: OneOffLineInput[];
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Default: by the payment terms, from the finalization on.' })
  dueAt?: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'Default: it waits for finalizeInvoice.' })
  finalizeAt?: Date | null;
  @Field(() => String, { nullable: true }) memo?: string | null;
}

@InputType()
export class UpdateDraftInvoiceInput {
  @Field(() => DateTimeScalarType, { nullable: true, description: 'null: by the payment terms, from the finalization on.' })
  dueAt?: Date | null;
  @Field(() => DateTimeScalarType, { nullable: true, description: 'null: it waits for finalizeInvoice.' })
  finalizeAt?: Date | null;
  @Field(() => String, { nullable: true }) memo?: string | null;
  @Field(() => [OneOffLineInput], {
    nullable: true,
    description:
      'The lines that the draft shall have, all of them: those with an id stay or change, those without are added, and lines of the draft that are not named are taken off. What a charge’s line was for is then not billed again.',
  })
  lines?: OneOffLineInput[] | null;
}
