import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingWorld } from '../support/billing-world.js';
import { flat, Story } from '../support/story.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const REFUSED = 'INVALID_TRANSITION';
const OPERATIONS = ['pause', 'resume', 'cancel now', 'cancel at period end', 'undo cancellation', 'change plan'] as const;
type Operation = (typeof OPERATIONS)[number];

/** What each operation makes of each state (docs/billing-rules.md §7), written out. */
const TABLE: Record<string, Record<Operation, string>> = {
  PENDING: {
    pause: REFUSED,
    resume: REFUSED,
    'cancel now': 'CANCELED',
    'cancel at period end': 'CANCELED',
    'undo cancellation': REFUSED,
    'change plan': 'PENDING',
  },
  TRIAL: {
    pause: REFUSED,
    resume: REFUSED,
    'cancel now': 'CANCELED',
    'cancel at period end': 'TRIAL',
    'undo cancellation': REFUSED,
    'change plan': 'TRIAL',
  },
  ACTIVE: {
    pause: 'PAUSED',
    resume: REFUSED,
    'cancel now': 'CANCELED',
    'cancel at period end': 'ACTIVE',
    'undo cancellation': REFUSED,
    'change plan': 'ACTIVE',
  },
  PAST_DUE: {
    pause: 'PAUSED',
    resume: REFUSED,
    'cancel now': 'CANCELED',
    'cancel at period end': 'PAST_DUE',
    'undo cancellation': REFUSED,
    'change plan': 'PAST_DUE',
  },
  PAUSED: {
    pause: REFUSED,
    resume: 'ACTIVE',
    'cancel now': 'CANCELED',
    'cancel at period end': 'CANCELED',
    'undo cancellation': REFUSED,
    'change plan': 'PAUSED',
  },
  CANCELED: {
    pause: REFUSED,
    resume: REFUSED,
    'cancel now': REFUSED,
    'cancel at period end': REFUSED,
    'undo cancellation': REFUSED,
    'change plan': REFUSED,
  },
};

describe('states of a subscription', () => {
  let app: TestApp;
  let world: BillingWorld;
  let otherPlan: string;
  beforeAll(async () => {
    app = await startTestApp();
    world = new BillingWorld(app.api);
    await world.plan({ lookupKey: 'basic', type: 'FIXED', charges: [flat('31')] });
    otherPlan = await world.plan({ lookupKey: 'other', type: 'FIXED', charges: [flat('62')] });
  });
  afterAll(() => app.close());

  const START = '2026-01-01T00:00:00Z';
  const WAYS: Record<string, () => Promise<Story>> = {
    PENDING: () => Story.subscribed(world, START, 'basic', { startAt: '2026-02-01T00:00:00Z' }),
    TRIAL: () => Story.subscribed(world, START, 'basic', { trialEnd: '2026-02-01T00:00:00Z' }),
    ACTIVE: () => Story.subscribed(world, START, 'basic'),
    PAST_DUE: async () => {
      const story = await Story.subscribed(world, START, 'basic');
      await story.travel('2026-03-10T00:00:00Z');
      return story;
    },
    PAUSED: async () => {
      const story = await Story.subscribed(world, START, 'basic');
      await story.pause();
      return story;
    },
    CANCELED: async () => {
      const story = await Story.subscribed(world, START, 'basic');
      await story.cancel();
      return story;
    },
  };

  const status = async (story: Story): Promise<string> => (await story.state()).split(' ')[0];

  /** The state that the operation leads to, or the code that it is refused with. */
  async function attempt(story: Story, operation: Operation): Promise<string> {
    const calls: Record<Operation, [string, Record<string, unknown>?, string?]> = {
      pause: ['pauseSubscription'],
      resume: ['resumeSubscription'],
      'cancel now': ['cancelSubscription', { timing: 'IMMEDIATE' }, 'CancelSubscriptionInput'],
      'cancel at period end': ['cancelSubscription', { timing: 'PERIOD_END' }, 'CancelSubscriptionInput'],
      'undo cancellation': ['undoCancellation'],
      'change plan': ['changePlan', { planId: otherPlan, timing: 'IMMEDIATE' }, 'ChangePlanInput'],
    };
    const outcome = await story.attempt(...calls[operation]);
    return outcome?.code ?? status(story);
  }

  for (const [state, outcomes] of Object.entries(TABLE)) {
    it.each(OPERATIONS.map((operation) => [operation, outcomes[operation]] as const))(
      `${state}: %s is %s`,
      async (operation, outcome) => {
        const story = await WAYS[state]();
        expect(await status(story)).toBe(state);
        const before = [await story.state(), await story.transitions(), await story.ledger()];
        expect(await attempt(story, operation)).toBe(outcome);
        if (outcome === REFUSED) expect([await story.state(), await story.transitions(), await story.ledger()]).toEqual(before);
      },
    );
  }

  it('are recorded with time, actor and reason', async () => {
    const story = await Story.subscribed(world, START, 'basic', {
      startAt: '2026-01-05T00:00:00Z',
      trialEnd: '2026-01-10T00:00:00Z',
    });
    await story.travel('2026-01-20T10:30:00Z');
    await story.pause('Holidays');
    await story.travel('2026-01-25T00:00:00Z');
    await story.resume();
    await story.travel('2026-04-01T00:00:00Z');
    await story.cancel('IMMEDIATE', 'Never paid');
    expect(await story.transitions()).toEqual([
      '2026-01-01 >PENDING api_key',
      '2026-01-05 PENDING>TRIAL system',
      '2026-01-10 TRIAL>ACTIVE system',
      '2026-01-20T10:30 ACTIVE>PAUSED api_key: Holidays',
      '2026-01-25 PAUSED>ACTIVE api_key',
      // The draft of January 20 was issued an hour later, and due in 30 days.
      '2026-02-19T11:30 ACTIVE>PAST_DUE system: An invoice is overdue.',
      '2026-04-01 PAST_DUE>CANCELED api_key: Never paid',
    ]);
    const { transitions } = await world.subscription<{ transitions: { actor: string }[] }>(
      story.subscriptionId,
      'transitions { actor }',
    );
    const [{ id: keyId }] = await app.database.sql<{ id: string }>('SELECT id FROM api_keys');
    expect(transitions[0].actor).toBe(`api_key:${keyId}`);
  });
});
