import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/** Which argument is the wording of an error. Codes and fields are tested, sentences may change. */
const MESSAGE_ARGUMENT = {
  Error: 0,
  RangeError: 0,
  DomainError: 1,
  Rejection: 1,
  invalid: 1,
  conflict: 0,
  refuse: 1,
  assertTransition: 0,
};

const messages = {
  shouldIgnore(path) {
    const call = path.parent;
    if (call?.type !== 'CallExpression' && call?.type !== 'NewExpression') return undefined;
    const position = MESSAGE_ARGUMENT[call.callee.name];
    return position !== undefined && call.arguments[position] === path.node ? 'the wording of an error' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'messages', messages)];
