import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/** A kind of event: what its listeners are given. Owned by the module that emits it. */
export class DomainEvent<Payload> {
  /** Carries the payload's type; never read. */
  declare readonly payload: Payload;
  constructor(readonly name: string) {}
}

type Listener = (tx: EntityManager, payload: never) => Promise<void>;

/** Events inside one transaction: listeners run in it, in order, and their failure is the emitter's. */
@Injectable()
export class DomainEvents {
  private readonly listeners = new Map<DomainEvent<never>, Listener[]>();

  on<Payload>(event: DomainEvent<Payload>, listener: (tx: EntityManager, payload: Payload) => Promise<void>): void {
    const key = event as DomainEvent<never>;
    this.listeners.set(key, [...(this.listeners.get(key) ?? []), listener as Listener]);
  }

  async emit<Payload>(event: DomainEvent<Payload>, tx: EntityManager, payload: Payload): Promise<void> {
    for (const listener of this.listeners.get(event as DomainEvent<never>) ?? []) await listener(tx, payload as never);
  }
}
