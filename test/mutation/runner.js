import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { determineHitLimitReached, DryRunStatus, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import { takeTests } from './jest-globals.js';

/** Properties of the pure code. They run last: most mutants have fallen to a spec by then. */
const PROPERTIES = ['money', 'pricing', 'calendar', 'timeline', 'simulation'].map(
  (name) => `test/property/${name}.property.spec.ts`,
);

/** A few runs of each, and no shrinking: what matters is whether a mutant falls, not how small an example it takes. */
process.env.FC_TIMES = '0.01';
fc.configureGlobal({ endOnFailure: true });

const state = (globalThis.__stryker__ ??= {});

async function specFiles() {
  const modules = await readdir('src/modules');
  const folders = ['src/shared', ...modules.map((name) => join('src/modules', name, 'domain'))];
  const lists = await Promise.all(
    folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))),
  );
  return [
    ...lists
      .flat()
      .filter((file) => file.endsWith('.spec.ts'))
      .sort(),
    ...PROPERTIES,
  ];
}

/**
 * Runs the specs inside Stryker's own process, because starting jest costs a hundred times what most of these specs do. The
 * code is loaded once for all mutants; a mutant of what runs when a module is loaded takes a load of its own.
 */
class SpecsInProcess {
  #tests = null;
  #generation = 0;

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun({ disableBail }) {
    await this.#load();
    const result = await this.#run(this.#tests, disableBail);
    return { ...result, mutantCoverage: state.mutantCoverage };
  }

  async mutantRun({ activeMutant, mutantActivation, reloadEnvironment, testFilter, hitLimit, disableBail }) {
    state.activeMutant = mutantActivation === 'static' ? activeMutant.id : undefined;
    state.hitCount = hitLimit === undefined ? undefined : 0;
    state.hitLimit = hitLimit;
    try {
      if (reloadEnvironment || !this.#tests) await this.#load();
    } catch (error) {
      this.#tests = null;
      return toMutantRunResult({ status: DryRunStatus.Complete, tests: [failed({ id: 'load', name: 'loads' }, 0, error)] });
    }
    state.activeMutant = activeMutant.id;
    const tests = testFilter ? this.#tests.filter(({ id }) => testFilter.includes(id)) : this.#tests;
    const result = await this.#run(tests, disableBail);
    state.activeMutant = undefined;
    return toMutantRunResult(determineHitLimitReached(state.hitCount, state.hitLimit) ?? result, false);
  }

  async #load() {
    this.#generation += 1;
    takeTests();
    const tests = [];
    for (const file of await specFiles()) {
      await import(`${pathToFileURL(resolve(file)).href}?generation=${this.#generation}`);
      // What a spec of random stories shows of its seed is no part of a test's name here.
      tests.push(
        ...takeTests().map(({ name, run }, index) => ({ id: `${file}#${index}`, name: `${file}: ${name}`, run, fileName: file })),
      );
    }
    this.#tests = tests;
  }

  async #run(tests, disableBail) {
    const results = [];
    for (const test of tests) {
      state.currentTestId = test.id;
      const started = performance.now();
      try {
        await test.run();
        results.push({ ...named(test), status: TestStatus.Success, timeSpentMs: performance.now() - started });
      } catch (error) {
        results.push(failed(test, performance.now() - started, error));
        if (!disableBail) break;
      } finally {
        state.currentTestId = undefined;
      }
    }
    return { status: DryRunStatus.Complete, tests: results };
  }
}

const named = ({ id, name, fileName }) => ({ id, name, fileName });
const failed = (test, timeSpentMs, error) => ({
  ...named(test),
  status: TestStatus.Failed,
  timeSpentMs,
  failureMessage: String(error?.message ?? error),
});

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'specs-in-process', SpecsInProcess)];
