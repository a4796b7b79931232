import { decimal } from '../../../shared/decimal.js';
import type { Format } from '../../../shared/locale.js';
import type { Explanation } from './explanation.js';

/** How a line came about, a step a line, for whoever pays: short where `explanationText` is complete. */
export function explainInWords(kind: string, explanation: Explanation, format: Format): string[] {
  return [
    ...originSteps(kind, explanation, format),
    ...usageSteps(explanation, format),
    ...shareSteps(explanation, format),
    ...boundSteps(explanation, format),
  ];
}

function originSteps(kind: string, { billedBefore, partsBefore }: Explanation, format: Format): string[] {
  const money = (text: string): string => format.money(decimal(text));
  const steps: string[] = [];
  if (kind === 'CORRECTION' && billedBefore !== undefined) steps.push(`Late usage; billed before: ${money(billedBefore)}`);
  else if (billedBefore !== undefined) steps.push(`Billed before: ${money(billedBefore)}`);
  if (partsBefore !== undefined) steps.push(`Rest of the period; parts before: ${money(partsBefore)}`);
  return steps;
}

function usageSteps(explanation: Explanation, format: Format): string[] {
  const { reading, includedUnits, tiers, packages, packageAmount, rate, billableQuantity, eventFees } = explanation;
  if (!reading) return [];
  const number = (text: string): string => format.number(decimal(text));
  const money = (text: string): string => format.money(decimal(text));
  const steps: string[] = [];
  if (isPositive(includedUnits)) steps.push(`${number(reading.value)} used, ${number(includedUnits)} included`);
  for (const tier of tiers ?? []) {
    const range = tier.upTo === null ? `above ${number(tier.from)}` : `${number(tier.from)} – ${number(tier.upTo)}`;
    const flat = isPositive(tier.flatAmount) ? ` + ${money(tier.flatAmount)}` : '';
    steps.push(`${range}: ${number(tier.quantity)} × ${money(tier.unitAmount)}${flat} = ${money(tier.amount)}`);
  }
  if (packages !== undefined && packageAmount !== undefined) steps.push(`${number(packages)} packages × ${money(packageAmount)}`);
  if (rate !== undefined && billableQuantity !== undefined)
    steps.push(`${number(billableQuantity)} × ${number(decimal(rate).times('100').toFixed())} %`);
  if (isPositive(eventFees)) steps.push(`Fees for ${number(String(reading.eventCount))} events: ${money(eventFees)}`);
  return steps;
}

function shareSteps({ proration, fixedAmount, prepaidAmount }: Explanation, format: Format): string[] {
  const whole = prepaidAmount ?? fixedAmount;
  if (!proration || whole === undefined) return [];
  const share = `${proration.numerator}/${proration.denominator}`;
  const amount = format.money(decimal(whole));
  return [prepaidAmount === undefined ? `${share} of ${amount}` : `Unused ${share} of ${amount} paid in advance`];
}

function boundSteps({ minimumAmount, maximumAmount }: Explanation, format: Format): string[] {
  if (maximumAmount !== undefined) return [`At most ${format.money(decimal(maximumAmount))}`];
  return minimumAmount === undefined ? [] : [`At least ${format.money(decimal(minimumAmount))}`];
}

const isPositive = (text: string | undefined): text is string => text !== undefined && decimal(text).gt('0');
