import { max, ZERO, type Decimal } from '../../../shared/decimal.js';
import { verdictOf, type Entitlement, type Verdict } from './entitlement.js';

/**
 * What has been decided so far in one transaction, on top of what was read at its beginning: consumed quantities by customer and
 * meter (features may share one), held ones by customer and feature.
 */
export class Tally {
  private readonly consumed = new Map<string, Decimal>();
  private readonly held = new Map<string, Decimal>();

  judge(entitlement: Entitlement, pair: string, owner: string, reserved: Decimal, quantity: Decimal): Verdict {
    return verdictOf(entitlement, quantity.plus(this.consumedOf(pair)), reserved.plus(this.heldOf(owner)));
  }

  consume(pair: string, quantity: Decimal): void {
    this.consumed.set(pair, this.consumedOf(pair).plus(quantity));
  }

  hold(owner: string, quantity: Decimal): void {
    this.held.set(owner, this.heldOf(owner).plus(quantity));
  }

  /** The entitlement with what was decided since it was read. */
  after<E extends Entitlement & { reserved: Decimal }>(entitlement: E, pair: string, owner: string): E {
    const taken = this.consumedOf(pair);
    const { used, headroom, remaining, reserved } = entitlement;
    const left = headroom && headroom.minus(taken);
    return {
      ...entitlement,
      used: used.plus(taken),
      headroom: left,
      remaining: remaining && max(ZERO, remaining.minus(taken)),
      reserved: reserved.plus(this.heldOf(owner)),
    };
  }

  private readonly consumedOf = (pair: string): Decimal => this.consumed.get(pair) ?? ZERO;
  private readonly heldOf = (owner: string): Decimal => this.held.get(owner) ?? ZERO;
}
